-- ARGV: seconds after which a silent worker is gone. Answers the records of those that live.
local seen, records, in_turns = unpack(KEYS)
local oldest = redis.call('TIME')[1] - ARGV[1]
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', '(' .. oldest)) do
  redis.call('ZREM', seen, worker)
  redis.call('HDEL', records, worker)
end
redis.call('ZREMRANGEBYSCORE', in_turns, '-inf', '(' .. oldest)
return redis.call('HVALS', records)
