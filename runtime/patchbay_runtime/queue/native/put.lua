-- ARGV: delay in milliseconds, tenant, process ids. Answers how many were added.
local delay_ms, tenant = tonumber(ARGV[1]), ARGV[2]
local now, added = now_ms(), 0
ensure_group()
for i = 3, #ARGV do
  local process = ARGV[i]
  local place = redis.call('HGET', queued, process)
  if not place or not is_queued(process, place) then
    if delay_ms > 0 then
      add_delayed(process, tenant, now + delay_ms)
    else
      add_waiting(process, tenant, now)
    end
    added = added + 1
  elseif delay_ms > 0 then
    -- A step that asks to be run again while it runs: it stays reserved until it finishes, and is delayed from then on.
    local entry = string.match(place, '%d+%-%d+$')
    if entry and is_reserved(entry) then
      redis.call('HSET', again, process, now + delay_ms)
      added = added + 1
    end
  end
end
local first = first_waiting(tenant)[1]
if first then
  give_turn(tenant, string.match(first, '^%S+ (%d+)'))
end
return added
