-- ARGV: entries. Gives reserved entries back to the waiting ones.
for i = 1, #ARGV do
  local found = redis.call('XRANGE', stream, ARGV[i], ARGV[i])[1]
  if found and remove_reserved(ARGV[i]) then
    add_waiting(found[2][2], found[2][4], found[2][6])
  end
end
return 1
