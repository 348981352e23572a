-- Forget, flags and marks.
--
-- ARGV[1]  what to do
-- ARGV[2]  now in microseconds since 1970; 0: the server's
local what, now = ARGV[1], tonumber(ARGV[2])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end

if what == 'forget' then -- ARGV[3]: the channel
  redis.call('DEL', unpack(KEYS))
  for i = 1, #KEYS do
    redis.call('PUBLISH', ARGV[3], struct.pack('<d', now) .. KEYS[i])
  end
  return now
end

if what == 'flag' then -- ARGV[3]: for how long, microseconds
  for i = 1, #KEYS do
    redis.call('PSETEX', KEYS[i], string.format('%d', ARGV[3] / 1000 + 1), struct.pack('<d', now + ARGV[3]))
  end
  return 1
end

if what == 'flagged' then
  local v, out = redis.call('MGET', unpack(KEYS)), {}
  for i = 1, #KEYS do
    out[i] = v[i] and struct.unpack('<d', v[i]) > now and 1 or 0
  end
  return out
end

if what == 'mark' then -- ARGV[3]: for how long; ARGV[4]: the time, raw
  redis.call('SET', KEYS[1], struct.pack('<d', now + ARGV[3]) .. ARGV[4], 'PX', math.floor(ARGV[3] / 1000) + 1)
  return 1
end

return redis.error_reply('ERR what is ' .. what)
