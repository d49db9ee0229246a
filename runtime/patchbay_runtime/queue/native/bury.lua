-- ARGV: entry, process, the dead letter (JSON), most letters kept. Answers 1, or 0 if it was taken off before.
if not remove_reserved(ARGV[1]) then
  return 0
end
redis.call('HDEL', queued, ARGV[2])
redis.call('HDEL', again, ARGV[2])
redis.call('LPUSH', dead, ARGV[3])
redis.call('LTRIM', dead, 0, ARGV[4] - 1)
count_finished(now_ms(), 'failed', 0)
return 1
