-- What stands before a channel's next submission: entries, slots taken, whether it is paused.
local channel = channels[1]
return {
  redis.call('ZCARD', channel.entries) + redis.call('ZCARD', channel.members),
  redis.call('SCARD', channel.slots),
  redis.call('HGET', channel.gate, 'paused') == '1' and 1 or 0,
}
