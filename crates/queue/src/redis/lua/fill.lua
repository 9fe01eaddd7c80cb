-- Sets the epoch: what the ledger knows has been added. Own arguments: the lanes, all to be woken.
redis.call('SET', EPOCH, text(NOW))
for at = OWN, #ARGV do
  redis.call('PUBLISH', BELL, ARGV[at])
end
return 0
