-- ARGV: entry, process, outcome (done | failed | retried), runtime in milliseconds. Answers 1, or 0 if it was finished before.
local entry, process, outcome = ARGV[1], ARGV[2], ARGV[3]
if not remove_reserved(entry) then
  return 0
end
local now = now_ms()
local due = redis.call('HGET', again, process)
local tenant = due and string.match(redis.call('HGET', queued, process) or '', '^%S+')
if tenant then
  redis.call('HDEL', again, process)
  add_delayed(process, tenant, due)
else
  redis.call('HDEL', queued, process)
end
if outcome ~= 'retried' then
  count_finished(now, outcome, ARGV[4])
end
return 1
