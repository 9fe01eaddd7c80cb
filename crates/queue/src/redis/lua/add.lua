-- Adds entries. Own arguments: 'add' or 'absent', then for each entry its channel's place, id and due time.
-- Answers how many were new, then place and channel of each that stands on a channel not declared.
local only_absent = ARGV[OWN] == 'absent'
local reply = { 0 }

for first = OWN + 1, #ARGV, 3 do
  local channel, id, due = channels[tonumber(ARGV[first])], ARGV[first + 1], tonumber(ARGV[first + 2])
  local name = redis.call('HGET', INDEX, id)
  local before = name and by_name[name]
  if not name then
    redis.call('HSET', INDEX, id, channel.name)
    put(channel, id, due)
    reply[1] = reply[1] + 1
  elseif only_absent then
    -- It is there, and that is all that matters.
  elseif not before then
    reply[#reply + 1] = (first - OWN - 1) / 3
    reply[#reply + 1] = name
  else
    local key, score = find(before, id)
    if score and score < 0 then
      remember(id, due)
    else
      due = math.min(due, score or due)
      if before ~= channel then
        if key then redis.call('ZREM', key, id) end
        redis.call('HSET', INDEX, id, channel.name)
        before.is_touched = true
        put(channel, id, due)
      elseif due ~= score then
        put(channel, id, due)
      end
    end
  end
end

settle_touched()
return reply
