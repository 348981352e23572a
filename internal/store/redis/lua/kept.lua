-- One-time things, the groups that bound them, and the room for all of them.
--
-- A kept value is: until when (8 bytes), how many groups (1), the groups (16
-- each), what is kept. Expiry is Redis's own; the time within says the same.
--
-- ARGV[1]  what to do
-- ARGV[2]  now in microseconds since 1970; 0: the server's
-- ARGV[3]  for how long, microseconds
local what, now, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end
local function px(us) return math.max(1, math.floor(us / 1000)) end
local function live(v)
  if v and struct.unpack('<d', v) > now then return v end
  return false
end

if what == 'keep' then -- ARGV[4]: groups and value
  local old = live(redis.call('GET', KEYS[1]))
  redis.call('SET', KEYS[1], struct.pack('<d', now + ttl) .. ARGV[4], 'PX', px(ttl))
  return old
elseif what == 'peek' then
  return live(redis.call('GET', KEYS[1]))
elseif what == 'take' then
  return live(redis.call('GETDEL', KEYS[1]))
elseif what == 'extend' then
  local v = live(redis.call('GET', KEYS[1]))
  if v then
    redis.call('SET', KEYS[1], struct.pack('<d', now + ttl) .. v:sub(9), 'PX', px(ttl))
  end
  return v
elseif what == 'spend' then
  local v = redis.call('GET', KEYS[1])
  if v and tonumber(v) > now then return 0 end
  redis.call('SET', KEYS[1], now + ttl, 'PX', px(ttl))
  return 1
end

-- A group is a sorted set of what is kept, by when it ends.
local function outlive()
  if redis.call('PTTL', KEYS[1]) < ttl / 1000 then redis.call('PEXPIRE', KEYS[1], px(ttl)) end
end
if what == 'join' then -- ARGV[4]: who; ARGV[5]: at most; ARGV[6]: '1' if the oldest goes
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  local gone = {}
  if not redis.call('ZSCORE', KEYS[1], ARGV[4]) then
    local over = redis.call('ZCARD', KEYS[1]) - ARGV[5] + 1
    if over > 0 then
      if ARGV[6] ~= '1' then return 0 end
      local popped = redis.call('ZPOPMIN', KEYS[1], over)
      for i = 1, #popped, 2 do gone[#gone + 1] = popped[i] end
    end
  end
  redis.call('ZADD', KEYS[1], now + ttl, ARGV[4])
  outlive()
  return gone
elseif what == 'leave' then -- ARGV[4]: who
  return redis.call('ZREM', KEYS[1], ARGV[4])
elseif what == 'stay' then -- ARGV[4]: who
  if redis.call('ZSCORE', KEYS[1], ARGV[4]) then
    redis.call('ZADD', KEYS[1], now + ttl, ARGV[4])
    outlive()
  end
  return 1
end

-- Room is counted in spans of five minutes by when things end, so that what
-- expires needs nobody to take it off: field 'n5892', say, has how many things
-- end in that span.
local width = 300000000
if what == 'admit' then -- ARGV[4]: kind; ARGV[5]: most of it; ARGV[6]: bytes; ARGV[7]: most bytes, 0: any
  local span = math.floor(now / width)
  local all, stale = redis.call('HGETALL', KEYS[1]), {}
  local count, kept, bytes = 0, 0, 0
  for i = 1, #all, 2 do
    if tonumber(all[i]:sub(2)) < span then
      stale[#stale + 1] = all[i]
    else
      local kind = all[i]:sub(1, 1)
      if kind == 'b' then
        bytes = bytes + all[i + 1]
      else
        kept = kept + all[i + 1]
        if kind == ARGV[4] then count = count + all[i + 1] end
      end
    end
  end
  if #stale > 0 then redis.call('HDEL', KEYS[1], unpack(stale)) end
  local size, most = tonumber(ARGV[6]), tonumber(ARGV[7])
  if count >= tonumber(ARGV[5]) or (most > 0 and bytes + size > most) then
    return { 0, kept, bytes, 0 }
  end
  local field = string.format('%.0f', math.floor((now + ttl) / width))
  redis.call('HINCRBY', KEYS[1], ARGV[4] .. field, 1)
  if size > 0 then redis.call('HINCRBY', KEYS[1], 'b' .. field, size) end
  local ends = now + ttl
  ttl = ttl + width
  outlive()
  return { 1, kept + 1, bytes + size, ends }
elseif what == 'move' then -- ARGV[4]: kind; ARGV[5]: bytes; ARGV[6]: it would end; ARGV[3]: and ends in, 0: it is gone
  local function add(span, field, by)
    if by ~= 0 and (by > 0 or redis.call('HEXISTS', KEYS[1], field .. span) == 1) then
      if redis.call('HINCRBY', KEYS[1], field .. span, by) <= 0 then redis.call('HDEL', KEYS[1], field .. span) end
    end
  end
  local was = string.format('%.0f', math.floor(tonumber(ARGV[6]) / width))
  add(was, ARGV[4], -1)
  add(was, 'b', -tonumber(ARGV[5]))
  if ttl > 0 then
    local is = string.format('%.0f', math.floor((now + ttl) / width))
    add(is, ARGV[4], 1)
    add(is, 'b', tonumber(ARGV[5]))
    ttl = ttl + width
    outlive()
  end
  return 1
end

return redis.error_reply('ERR what is ' .. what)
