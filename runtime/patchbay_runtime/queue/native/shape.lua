-- What every script of a shape's queue begins with. A process of the shape is, at any instant, in exactly one state:
--   waiting   an entry of the stream that the consumer group has not delivered
--   reserved  an entry of the stream that is in the group's pending list
--   delayed   a member of the delayed set, scored with the time it is due (milliseconds)
local stream, queued, delayed, again, minutes, failures, dead = unpack(KEYS)
local group = 'workers'

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

local function add_waiting(process, tenant, since)
  local entry = redis.call('XADD', stream, '*', 'process', process, 'tenant', tenant, 'since', since)
  redis.call('HSET', queued, process, tenant .. ' ' .. entry)
end

local function add_delayed(process, tenant, due)
  redis.call('ZADD', delayed, due, process)
  redis.call('HSET', queued, process, tenant .. ' delayed')
end

local function is_reserved(entry)
  return #redis.call('XPENDING', stream, group, entry, entry, 1) > 0
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
