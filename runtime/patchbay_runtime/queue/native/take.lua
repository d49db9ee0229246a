-- ARGV: consumer, most processes. Reserves processes that wait: {entry, process, tenant}...
local consumer, free = ARGV[1], tonumber(ARGV[2])
local taken = {}

local function deliver(count)
  local answer = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>')
  for _, entry in ipairs(answer and answer[1][2] or {}) do
    table.insert(taken, {entry[1], entry[2][2], entry[2][4]})
  end
end

ensure_group()
deliver(free)
local moved = 0
while #taken + moved < free and move_next() do
  moved = moved + 1
end
if moved > 0 then
  deliver(moved)
  -- Who ended before the present has no more to pay back than who was never there.
  redis.call('ZREMRANGEBYSCORE', ends, '-inf', '(' .. virtual_time())
end
if redis.call('EXISTS', waiting) == 0 then
  redis.call('DEL', wake)
elseif redis.call('EXISTS', wake) == 0 then
  -- Whoever takes wakes the next one while there is something left: more may be idle than were woken by a put.
  redis.call('LPUSH', wake, 1)
end
return taken
