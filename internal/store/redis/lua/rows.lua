-- Durable rows, and the list of all of them.
--
-- A row is: until when (8 bytes), its version (8), its value. The list is
--   a hash     epoch: a new one for a database that was emptied; seq: of the
--              last change; trim: of the last change that the log has not
--   the index  which rows there are, by when they end
--   the log    which rows changed, by seq; each row once
--   pending    in a cluster: what is being made or deleted, by when that began
--
-- KEYS     the row, the four of the list; or only the one or the others
-- ARGV[1]  what to do
-- ARGV[2]  now in microseconds since 1970; 0: the server's
local what, now = ARGV[1], tonumber(ARGV[2])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end
local at = #KEYS == 4 and 0 or 1
local HASH, INDEX, LOG, PENDING = KEYS[at + 1], KEYS[at + 2], KEYS[at + 3], KEYS[at + 4]
local FOREVER, LOGGED = 9007199254740991, 20000
local NONE = string.rep('\0', 8)
local function whole(n) return string.format('%.0f', n) end
local function number(v) return v and tonumber(v) or 0 end

local function live(v)
  if v and struct.unpack('<d', v) > now then return v end
  return false
end
local function ends(ttl) return ttl > 0 and now + ttl or FOREVER end
local function put(ends_at, version, value)
  local v = struct.pack('<d', ends_at) .. version .. value
  if ends_at == FOREVER then
    redis.call('SET', KEYS[1], v)
  else -- a little later than it says: nothing is gone that the list still has
    redis.call('SET', KEYS[1], v, 'PX', math.max(1, math.floor((ends_at - now) / 1000) + 10))
  end
end

local function log(who)
  local seq = redis.call('HINCRBY', HASH, 'seq', 1)
  redis.call('ZADD', LOG, seq, who)
  local over = seq % 1000 == 0 and redis.call('ZCARD', LOG) - LOGGED or 0
  if over > 0 then
    local last = redis.call('ZRANGEBYSCORE', LOG, '-inf', '+inf', 'WITHSCORES', 'LIMIT', over - 1, 1)
    redis.call('HSET', HASH, 'trim', last[2])
    redis.call('ZREMRANGEBYSCORE', LOG, '-inf', last[2])
  end
  return seq
end
local function list(who, ends_at, epoch)
  if not redis.call('HMGET', HASH, 'epoch')[1] then redis.call('HSET', HASH, 'epoch', epoch) end
  redis.call('ZREMRANGEBYSCORE', INDEX, '-inf', now)
  redis.call('ZADD', INDEX, whole(ends_at), who)
  return log(who)
end
local function unlist(who)
  redis.call('ZREM', INDEX, who)
  return log(who)
end
local function listed(who)
  if number(redis.call('ZSCORE', INDEX, who)) <= now then return false end
  return redis.call('ZSCORE', PENDING, who) and 'pending' or 'there'
end

-- Why a row is not there: it is lost if the list has it, or if the gateway that
-- asks knew it (until when: 0 if not) in another epoch, or in this one and no
-- change since says that it is gone.
local function lost(who, known, epoch, since)
  local l = listed(who)
  if l then return l == 'there' end
  if known <= now then return false end
  local h = redis.call('HMGET', HASH, 'epoch', 'trim')
  if (h[1] or '') ~= epoch then return true end
  return number(h[2]) <= since and not redis.call('ZSCORE', LOG, who) and not redis.call('ZSCORE', INDEX, who)
end

-- The row alone.
if what == 'get' then
  return live(redis.call('GET', KEYS[1]))
elseif what == 'write' then -- ARGV: ends, old, new or '', value, not after
  if now > tonumber(ARGV[7]) then return 'late' end
  local v = live(redis.call('GET', KEYS[1]))
  if not v and ARGV[4] ~= NONE then return 'absent' end
  if v and v:sub(9, 16) ~= ARGV[4] then return 'conflict' end
  if ARGV[5] == '' then
    redis.call('DEL', KEYS[1])
  else
    put(tonumber(ARGV[3]), ARGV[5], ARGV[6])
  end
  return 'ok'
end

-- The row and the list.
if what == 'load' then -- ARGV: who, known, epoch, since
  local v = live(redis.call('GET', KEYS[1]))
  if v then return v end
  return lost(ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])) and 'lost' or false
elseif what == 'swap' then -- ARGV: who, known, epoch, since, ttl, old, new or '', value, an epoch
  local who, old, new = ARGV[3], ARGV[8], ARGV[9]
  local v = live(redis.call('GET', KEYS[1]))
  if not v then
    if lost(who, tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])) then return 'lost' end
    if old ~= NONE then return 'conflict' end
  elseif v:sub(9, 16) ~= old then
    return 'conflict'
  end
  if new == '' then
    redis.call('DEL', KEYS[1])
    if redis.call('ZSCORE', INDEX, who) then unlist(who) end
  else
    local e = ends(tonumber(ARGV[7]))
    put(e, new, ARGV[10])
    if number(redis.call('ZSCORE', INDEX, who)) ~= e then list(who, e, ARGV[11]) end
  end
  return 'ok'
elseif what == 'accept' then -- ARGV: who
  if live(redis.call('GET', KEYS[1])) or listed(ARGV[3]) ~= 'there' then return 0 end
  unlist(ARGV[3])
  return 1
end

-- The list alone.
if what == 'note' then -- ARGV: who, known, epoch, since, ttl, 'make', 'change' or 'delete', an epoch
  local who, e = ARGV[3], ends(tonumber(ARGV[7]))
  local was = number(redis.call('ZSCORE', INDEX, who))
  if ARGV[8] == 'make' and lost(who, tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])) then return { 'lost' } end
  if ARGV[8] ~= 'change' then redis.call('ZADD', PENDING, whole(now), who) end
  local seq
  if ARGV[8] == 'delete' and was > now then
    seq = log(who)
  else -- not shorter than it was: it may come to nothing
    seq = list(who, math.max(was, e), ARGV[9])
  end
  return { 'ok', whole(seq), whole(e), whole(now) }
elseif what == 'settle' then -- ARGV: who, the note, ends (0: it is gone)
  local who, e = ARGV[3], tonumber(ARGV[5])
  if number(redis.call('ZSCORE', LOG, who)) ~= tonumber(ARGV[4]) then return 0 end
  redis.call('ZREM', PENDING, who)
  local was = number(redis.call('ZSCORE', INDEX, who))
  if e == 0 then
    unlist(who)
  elseif was > 0 and was ~= e then
    redis.call('ZADD', INDEX, whole(e), who)
    log(who)
  end
  return 1
elseif what == 'ask' then -- ARGV: who, known, epoch, since
  local gone = lost(ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]))
  return { gone and 'lost' or 'none', whole(number(redis.call('ZSCORE', LOG, ARGV[3]))), listed(ARGV[3]) or 'not' }
elseif what == 'poll' then -- ARGV: epoch, since
  local since = tonumber(ARGV[4])
  local h = redis.call('HMGET', HASH, 'epoch', 'seq', 'trim')
  local epoch, seq = h[1] or '', number(h[2])
  if epoch ~= ARGV[3] or since < number(h[3]) or since > seq then
    return { epoch, whole(seq), 'all' }
  end
  local changes = redis.call('ZRANGEBYSCORE', LOG, '(' .. ARGV[4], '+inf', 'WITHSCORES', 'LIMIT', 0, 1000)
  local out = {}
  for i = 1, #changes, 2 do
    out[#out + 1] = changes[i]
    out[#out + 1] = whole(number(redis.call('ZSCORE', INDEX, changes[i])))
    seq = tonumber(changes[i + 1])
  end
  local waiting = {}
  for _, who in ipairs(redis.call('ZRANGEBYSCORE', PENDING, '-inf', whole(now - 10000000), 'LIMIT', 0, 100)) do
    waiting[#waiting + 1] = who
    waiting[#waiting + 1] = whole(number(redis.call('ZSCORE', LOG, who)))
  end
  return { epoch, whole(seq), 'some', out, waiting }
elseif what == 'scan' then -- ARGV: where it goes on
  return redis.call('ZSCAN', INDEX, ARGV[3], 'COUNT', 1000)
elseif what == 'restore' then -- ARGV: an epoch, then who and ends
  for i = 4, #ARGV, 2 do
    if number(redis.call('ZSCORE', INDEX, ARGV[i])) <= now and tonumber(ARGV[i + 1]) > now then
      list(ARGV[i], tonumber(ARGV[i + 1]), ARGV[3])
    end
  end
  return 1
end

return redis.error_reply('ERR what is ' .. what)
