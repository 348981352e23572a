-- Gives back and counts.
--
-- KEYS     every row that may change
-- ARGV[1]  packed: see encodeSettle in settle.go
-- ARGV[2]  the channel on which other gateways hear that a budget which was
--          spent is so no longer
local blob, unpacked, floor = ARGV[1], struct.unpack, math.floor
local now, refunds, drops, counts, wall, how, profile, p = unpacked('<dBBBBBB', blob)
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end
local v = redis.call('MGET', unpack(KEYS))

for _ = 1, refunds do
  local k, every, limit
  k, every, limit, p = unpacked('<Bdd', blob, p)
  local at = v[k] and unpacked('<d', v[k]) or 0
  if at > now then
    if at - limit > now then
      redis.call('PUBLISH', ARGV[2], struct.pack('<d', now) .. KEYS[k])
    end
    at = at - every
    v[k] = struct.pack('<d', at)
    if at > now then
      redis.call('PSETEX', KEYS[k], string.format('%d', (at - now) / 1000 + 1), v[k])
    else
      redis.call('DEL', KEYS[k])
    end
  end
end

for _ = 1, drops do
  local k
  k, p = unpacked('<B', blob, p)
  redis.call('DEL', KEYS[k])
  v[k] = false
end

-- One hash of the other sets one of 64 bits (linear counting) of this half
-- window; a half window later the bits move on, then they go.
local function mark(a, b, epoch, e, which)
  if e == epoch + 1 then
    a, b = string.rep('\0', 8), a
  elseif e ~= epoch then
    a, b = string.rep('\0', 8), string.rep('\0', 8)
  end
  local i = floor(which / 8) + 1
  local x = bit.bor(string.byte(a, i), bit.lshift(1, which % 8))
  return a:sub(1, i - 1) .. string.char(x) .. a:sub(i + 1), b
end

for _ = 1, counts do
  local k, failures, successes, half, window, failed, succeeded
  k, failures, successes, half, window, failed, succeeded, p = unpacked('<BddddBB', blob, p)
  local last, f, s, fe, se = now, 0, 0, 0, 0
  local f0, f1 = string.rep('\0', 8), string.rep('\0', 8)
  local s0, s1 = f0, f0
  if v[k] then
    last, f, s, fe, se, f0, f1, s0, s1 = unpacked('<dffI4I4c8c8c8c8', v[k])
    if half > 0 and now > last then
      local left = 2 ^ ((last - now) / half)
      f, s = f * left, s * left
    end
  end
  f, s, last = math.max(0, f + failures), math.max(0, s + successes), math.max(last, now)
  if failed < 64 then
    local e = window > 0 and floor(now / window) % 4294967296 or 0
    f0, f1 = mark(f0, f1, fe, e, failed)
    fe = e
  end
  if succeeded < 64 then
    local e = floor(now / 43200000000)
    s0, s1 = mark(s0, s1, se, e, succeeded)
    se = e
  end
  -- It is kept until less than a twentieth of one is left, and as long as its
  -- windows; half a year at most.
  local life = math.max(window * 2, se > 0 and 86400000000 or 0, 3600000000)
  if half > 0 then
    life = math.max(life, half * math.log(math.max(1, f + s) * 20) / 0.693)
  end
  v[k] = struct.pack('<dffI4I4', last, f, s, fe, se) .. f0 .. f1 .. s0 .. s1
  redis.call('SET', KEYS[k], v[k], 'PX', floor(math.min(life, 15552000000000) / 1000) + 1)
end

if wall > 0 then
  local gapBefore, gapSet
  gapBefore, gapSet, p = unpacked('<dd', blob, p)
  if v[wall] then
    local units, at, row, gap = unpacked('<dddd', v[wall])
    if how % 2 == 1 then
      if now > at then units = units - (now - at) / 3600000000 end
      units, at = math.max(0, units - 1), now
      if row > 0 then row = row - 1 end
      if gap == gapSet then gap = gapBefore end
    end
    if how >= 2 then row = 0 end
    local life = math.max(units * 3600000, math.min(30, row) * 86400000, (gap - now) / 1000)
    if life > 0 then
      redis.call('SET', KEYS[wall], struct.pack('<dddd', units, at, row, gap), 'PX', floor(life) + 1)
    else
      redis.call('DEL', KEYS[wall])
    end
  end
end

if profile > 0 then
  -- A last success, how many, then tags of four bytes, the latest first:
  -- 4 countries, 6 networks, 4 client families, 8 addresses.
  local last, successes = now, 0
  local tags = string.rep('\0', 88)
  if v[profile] then
    last, successes = unpacked('<dI4', v[profile])
    if now - last > 15552000000000 then
      successes = 0
    else
      tags = v[profile]:sub(13)
    end
  end
  local from, out = 1, {}
  for _, room in ipairs({ 4, 6, 4, 8 }) do
    local set, tag = tags:sub(from, from + room * 4 - 1), blob:sub(p, p + 3)
    if tag ~= '\0\0\0\0' then
      local i = room - 1
      for j = 0, room - 1 do
        if set:sub(j * 4 + 1, j * 4 + 4) == tag then
          i = j
          break
        end
      end
      set = tag .. set:sub(1, i * 4) .. set:sub(i * 4 + 5)
    end
    out[#out + 1] = set
    from, p = from + room * 4, p + 4
  end
  redis.call('SET', KEYS[profile], struct.pack('<dI4', now, math.min(successes + 1, 4294967295)) .. table.concat(out), 'PX', 15552000000)
end
return now
