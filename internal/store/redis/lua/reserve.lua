-- Takes all budgets of a reservation or none, and reads.
--
-- KEYS     budgets and once markers, then the wall, then what is only read
-- ARGV[1]  packed: see encodeReserve in reserve.go
-- answers  a packed head, then each row that is only read, raw; or only what
--          was taken, where nothing else is to tell
--
-- Times are microseconds since 1970: a Lua number holds them exactly. Most of
-- what this costs Redis is calls and numbers made into text, so there is one
-- read for all rows, a counter is eight raw bytes, and no table is made.
local blob, unpacked, pack, format, floor = ARGV[1], struct.unpack, struct.pack, string.format, math.floor
local now, n, wall, busyKey, busyBits, reads, first = unpacked('<dBBBBB', blob)
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end
local v
if KEYS[2] then v = redis.call('MGET', unpack(KEYS)) else v = { redis.call('GET', KEYS[1]) } end

-- Look at everything first. Of a counter the moment is kept at which its
-- budget is full again.
local stop, unlessBusy, over, taken, bits, after, p = false, false, 0, 0, 1, nil, first
for _ = 1, n do
  local soft, k, o, every, limit, oncefor
  soft, k, o, every, limit, oncefor, p = unpacked('<BBBddd', blob, p)
  if o == 0 or not v[o] or unpacked('<d', v[o]) <= now then
    local at = v[k]
    at = at and unpacked('<d', at) or now
    if at < now then at = now end
    local wait = at - limit - now
    if wait > 0 then
      over = over + bits
      after = (after or '') .. pack('<d', wait)
      if soft == 0 then stop = true elseif soft == 2 then unlessBusy = true end
    else
      taken = taken + bits
    end
  end
  bits = bits * 2
end

local busy = 0
if unlessBusy then
  local row = busyKey > 0 and v[busyKey]
  if row then
    local epoch, e = unpacked('<I4', row, 21), floor(now / 43200000000)
    if epoch == e or epoch + 1 == e then
      local count = 0
      for i = 41, 48 do
        local x = string.byte(row, i)
        if epoch == e then x = bit.bor(x, string.byte(row, i + 8)) end
        while x > 0 do
          x = bit.band(x, x - 1)
          count = count + 1
        end
      end
      if count >= busyBits then busy = 1 end
    end
  end
  if busy == 0 then stop = true end
end

local walled = ''
local units, row, gap, failures, wait, gapFrom, rowFrom = 0, 0, 0, 0, 0, 0, 0
if wall > 0 then
  local at
  gapFrom, rowFrom = unpacked('<dd', blob, p)
  if v[wall] then
    units, at, row, gap = unpacked('<dddd', v[wall])
    if now > at then units = units - (now - at) / 3600000000 end
    if units < 0 then units = 0 end
  end
  failures = floor(units + 0.5)
  if ((gapFrom > 0 and failures >= gapFrom) or (rowFrom > 0 and row >= rowFrom)) and gap > now then
    wait = gap - now
    stop = true
  end
end

if stop then
  taken = 0
  if wall > 0 then walled = pack('<ddddd', failures, row, wait, gap, gap) end
else
  local all = taken == bits - 1
  p, bits = first, 1
  for _ = 1, n do
    local _, k, o, every, _, oncefor, after = unpacked('<BBBddd', blob, p)
    p = after
    if all or floor(taken / bits) % 2 == 1 then
      local at = v[k]
      at = at and unpacked('<d', at) or now
      if at < now then at = now end
      at = at + every
      local row = pack('<d', at)
      redis.call('PSETEX', KEYS[k], format('%d', (at - now) / 1000 + 1), row)
      v[k] = row -- another charge of this reservation may have the same budget
      if o > 0 then
        redis.call('PSETEX', KEYS[o], format('%d', oncefor / 1000 + 1), pack('<d', now + oncefor))
      end
    end
    bits = bits * 2
  end
  if wall > 0 then
    local before, wasRow, seen = gap, row, failures
    units, row = math.min(1000, units + 1), math.min(1000, row + 1)
    failures = floor(units + 0.5)
    if rowFrom > 0 and row >= rowFrom then
      gap = now + 3600000000
    elseif gapFrom > 0 and failures >= gapFrom then
      local past = failures - gapFrom
      gap = now + (past < 7 and 30000000 * 2 ^ past or 3600000000)
    end
    local life = math.max(units * 3600000, math.min(30, row) * 86400000, (gap - now) / 1000)
    redis.call('PSETEX', KEYS[wall], format('%d', life + 1), pack('<dddd', units, now, row, gap))
    walled = pack('<ddddd', seen, wasRow, 0, before, gap)
  end
end

-- All was taken, and there is nothing more to tell: a number.
if over == 0 and wall == 0 and reads == 0 then return taken end
local head = pack('<dBI4I4', now, (stop and 1 or 0) + busy * 2, over, taken) .. (after or '') .. walled
if reads == 0 then return head end
local out = { head }
for i = reads, #KEYS do out[#out + 1] = v[i] end
return out
