-- Gives slots to tasks or takes them away, limit or not. Own arguments: 'join' or 'leave', then for each
-- task its channel's place and its id.
local verb = ARGV[OWN] == 'join' and 'SADD' or 'SREM'

for at = OWN + 1, #ARGV, 2 do
  local channel = channels[tonumber(ARGV[at])]
  channel.wanted = channel.wanted or {}
  channel.wanted[#channel.wanted + 1] = ARGV[at + 1]
end

-- One by one, because an entry stands in another set once its task holds a slot.
local function change_each(channel)
  for _, id in ipairs(channel.wanted) do
    if redis.call(verb, channel.slots, id) == 1 then
      channel.is_touched = true
      local key, score = find(channel, id)
      if key then
        redis.call('ZREM', key, id)
        put(channel, id, score)
      end
    end
  end
end

for _, channel in ipairs(channels) do
  if channel.wanted then
    if redis.call('EXISTS', channel.entries, channel.members) > 0 then
      change_each(channel)
    elseif redis.call(verb, channel.slots, unpack(channel.wanted)) > 0 then
      channel.is_touched = true
    end
  end
end
settle_touched()
return 0
