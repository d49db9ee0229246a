-- ARGV: consumer, most processes. Reserves processes that wait: {entry, process, tenant}...
local consumer, free = ARGV[1], tonumber(ARGV[2])
local taken = {}

local function deliver(count)
  local answer = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>')
  for _, entry in ipairs(answer and answer[1][2] or {}) do
    table.insert(taken, {entry[1], entry[2][2], entry[2][4]})
  end
end

-- Gives a turn to every tenant with waiting processes.
local function restore_turns()
  local first = redis.call('ZRANGE', waiting, 0, 0)[1]
  while first do
    local tenant, since = string.match(first, '^(%S+) (%d+)')
    give_turn(tenant, since)
    first = redis.call('ZRANGEBYLEX', waiting, '(' .. tenant .. '!', '+', 'LIMIT', 0, 1)[1]
  end
end

-- Moves the process whose turn it is to the stream; false where none waits.
local function move_next()
  local turn = redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')
  local tenant = turn[1]
  if not tenant then
    if redis.call('EXISTS', waiting) == 0 then
      return false
    end
    restore_turns()
    return move_next()
  end
  local first = first_waiting(tenant)
  if not first[1] then
    redis.call('ZREM', turns, tenant)
    redis.call('ZREM', oldest, tenant)
    return move_next()
  end
  local since, process = string.match(first[1], '^%S+ (%d+) (.+)$')
  redis.call('ZREM', waiting, first[1])
  local ended = tonumber(turn[2]) + 1
  redis.call('ZADD', ends, ended, tenant)
  if first[2] then
    redis.call('ZADD', turns, ended, tenant)
    redis.call('ZADD', oldest, string.match(first[2], '^%S+ (%d+)'), tenant)
  else
    redis.call('ZREM', turns, tenant)
    redis.call('ZREM', oldest, tenant)
  end
  local entry = redis.call('XADD', stream, '*', 'process', process, 'tenant', tenant, 'since', since)
  redis.call('HSET', queued, process, tenant .. ' ' .. entry)
  return true
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
