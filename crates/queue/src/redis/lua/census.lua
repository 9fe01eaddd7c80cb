-- Counts the declared channels' entries: scheduled, due, leased, and when the oldest due one was due (-1: none).
local scheduled, due, leased, oldest = 0, 0, 0, FOREVER

local function count(key)
  local now = text(NOW)
  scheduled = scheduled + redis.call('ZCOUNT', key, '(' .. now, '+inf')
  leased = leased + redis.call('ZCOUNT', key, '-inf', '(-' .. now)
  due = due + redis.call('ZCOUNT', key, 0, now) + redis.call('ZCOUNT', key, '-' .. now, '(0')
  oldest = math.min(oldest, earliest(key))
end

for _, channel in ipairs(channels) do
  count(channel.entries)
  if channel.members then count(channel.members) end
end
return { scheduled, due, leased, oldest <= NOW and oldest or -1 }
