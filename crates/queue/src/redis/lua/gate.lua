-- Changes what stands before a channel's submissions. Own arguments: 'paused' and 0 or 1; or 'limits' and
-- slots, rate a minute, burst.
local channel = channels[1]
read_gate(channel)

if ARGV[OWN] == 'paused' then
  channel.paused = ARGV[OWN + 1] == '1'
  redis.call('HSET', channel.gate, 'paused', ARGV[OWN + 1])
else
  local was_limited = channel.rate > 0
  channel.limit, channel.rate = tonumber(ARGV[OWN + 1]), tonumber(ARGV[OWN + 2])
  channel.capacity = math.max(tonumber(ARGV[OWN + 3]), 1) * TOKEN
  -- A bucket that had no rate before starts full; another keeps what it has.
  channel.units = was_limited and math.min(channel.units, channel.capacity) or channel.capacity
  channel.filled = math.max(NOW, was_limited and channel.filled or NOW)
  channel.taken = channel.limit > 0 and redis.call('SCARD', channel.slots) or 0
  redis.call('HSET', channel.gate, 'slots', ARGV[OWN + 1], 'rate', ARGV[OWN + 2], 'burst', ARGV[OWN + 3])
  write_tokens(channel)
end

-- A gate that stops nothing is forgotten.
if not channel.paused and channel.limit <= 0 and channel.rate <= 0 then redis.call('DEL', channel.gate) end
channel.is_touched = true
settle_touched()
return 0
