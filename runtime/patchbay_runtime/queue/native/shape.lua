-- What every script of a shape's queue begins with. A process of the shape is, at any instant, in exactly one state:
--   waiting   a member "tenant since process" of the waiting set, in order of its letters: by tenant, then by time.
--             An entry of the stream that the consumer group has not delivered waits too: a former release put it
--   reserved  an entry of the stream that is in the group's pending list
--   delayed   a member of the delayed set, scored with the time it is due (milliseconds)
-- Tenants take turns by start-time fair queueing (Goyal, Vin, Cheng: SIGCOMM 1996): a process starts at the virtual time
-- at which its tenant's last one ended, or that of the process which is next to be taken if that is later, and ends
-- one later. What starts first is taken first.
--   turns     tenants with waiting processes, scored with the virtual time at which their next one starts
--   ends      tenants, scored with the virtual time at which their last one ended
--   oldest    tenants with waiting processes, scored with the time since which their first one waits
--   wake      a list with an element for each process that was added, for workers that have nothing to do
-- "queued" has where each process is: "tenant waiting since", "tenant delayed" or "tenant entry".
-- A key may be gone, deleted by hand or evicted: whoever comes across what does not fit mends it, and goes on.
local stream, queued, delayed, again, minutes, failures = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local waiting, turns, ends, oldest, wake, dead = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local group = 'workers'
-- As many idle workers may be woken at once. What wakes nobody is forgotten when nothing waits any more.
local most_wakes = 64

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The stream exists if and only if its group does.
local function ensure_group()
  if redis.call('EXISTS', stream) == 0 then
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  end
end

-- The virtual time of the process that is next to be taken; where none waits, that at which the last one ended.
local function virtual_time()
  local found = redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')
  if not found[2] then
    found = redis.call('ZRANGE', ends, -1, -1, 'WITHSCORES')
  end
  return tonumber(found[2] or 0)
end

local function waiting_member(process, tenant, since)
  return string.format('%s %013d %s', tenant, since, process)
end

-- The first two of a tenant's waiting processes.
local function first_waiting(tenant)
  return redis.call('ZRANGEBYLEX', waiting, '[' .. tenant .. ' ', '(' .. tenant .. '!', 'LIMIT', 0, 2)
end

local function give_turn(tenant, since)
  redis.call('ZADD', oldest, 'LT', since, tenant)
  if not redis.call('ZSCORE', turns, tenant) then
    local ended = tonumber(redis.call('ZSCORE', ends, tenant) or 0)
    redis.call('ZADD', turns, math.max(ended, virtual_time()), tenant)
  end
end

local function add_waiting(process, tenant, since)
  redis.call('ZADD', waiting, 0, waiting_member(process, tenant, since))
  give_turn(tenant, since)
  redis.call('HSET', queued, process, tenant .. ' waiting ' .. since)
  if redis.call('LLEN', wake) < most_wakes then
    redis.call('LPUSH', wake, 1)
  end
end

local function add_delayed(process, tenant, due)
  redis.call('ZADD', delayed, due, process)
  redis.call('HSET', queued, process, tenant .. ' delayed')
end

local function is_reserved(entry)
  return #redis.call('XPENDING', stream, group, entry, entry, 1) > 0
end

-- Whether a process is where "queued" has it.
local function is_queued(process, place)
  local tenant, state, since = string.match(place, '^(%S+) (%S+) ?(%d*)$')
  if state == 'waiting' then
    return redis.call('ZSCORE', waiting, waiting_member(process, tenant, since)) ~= false
  elseif state == 'delayed' then
    return redis.call('ZSCORE', delayed, process) ~= false
  end
  return #redis.call('XRANGE', stream, state, state) > 0
end

local function promote_due(now)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'WITHSCORES', 'LIMIT', 0, 500)
  for i = 1, #due, 2 do
    local tenant = string.match(redis.call('HGET', queued, due[i]) or '', '^%S+')
    redis.call('ZREM', delayed, due[i])
    if tenant then
      add_waiting(due[i], tenant, due[i + 1])
    end
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

-- A worker of a former release finds only what is in the stream, and tells of itself without saying that it takes turns.
-- While one lives, what waits is moved there. KEYS: 13 and 15; `gone_seconds`: after which a silent worker is gone.
local function show_former_workers(gone_seconds)
  local since = redis.call('TIME')[1] - gone_seconds
  if redis.call('ZCOUNT', KEYS[13], since, '+inf') > redis.call('ZCOUNT', KEYS[15], since, '+inf') then
    local moved = 0
    while moved < 1000 and move_next() do
      moved = moved + 1
    end
  end
end

-- Takes a reserved entry off the queue; false where it has been taken off before.
local function remove_reserved(entry)
  if redis.call('XACK', stream, group, entry) == 0 then
    return false
  end
  redis.call('XDEL', stream, entry)
  return true
end

-- Counts a finished process in its minute; the first of a minute forgets those of more than an hour ago.
local function count_finished(now, outcome, runtime_ms)
  local minute = math.floor(now / 60000)
  if redis.call('HINCRBY', minutes, minute .. ':' .. outcome, 1) == 1 then
    for _, field in ipairs(redis.call('HKEYS', minutes)) do
      if tonumber(string.match(field, '^%d+')) < minute - 60 then
        redis.call('HDEL', minutes, field)
      end
    end
  end
  redis.call('HINCRBY', minutes, minute .. ':runtime_ms', runtime_ms)
  if outcome == 'failed' then
    local hour = math.floor(now / 3600000)
    redis.call('HINCRBY', failures, hour, 1)
    for _, field in ipairs(redis.call('HKEYS', failures)) do
      if tonumber(field) < hour - 168 then
        redis.call('HDEL', failures, field)
      end
    end
  end
end
