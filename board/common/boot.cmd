# U-Boot's script, for every board: starts the slot that the boot record names and counts its tries.
#
# The record is firmware/restante/box/bootrecord.py's: two copies of one sector, at the beginning and in the
# middle of partition `record`. The copy that does not count is the one that is written, with the next
# sequence: a cut of the power leaves one that is whole. Nothing is kept in U-Boot's environment.
#
# Its rule: it always ends in a kernel or in a reset; each decision is one line on the console.
#
# From the board's head, before this: board_args, and board_tree, which sets `tree` once a kernel is loaded.
# From U-Boot's own environment: devtype and devnum (where the script was found), kernel_addr_r,
# pxefile_addr_r (free memory, of 2 KiB).
# U-Boot knows no functions: what is used twice is a variable that is `run`. Numbers are hexadecimal.

echo "restante: start-up from ${devtype} ${devnum}"

# In memory: the copies as they were read, and what is written.
setenv copy0 ${pxefile_addr_r}
setexpr copy1 ${copy0} + 200
setexpr fresh ${copy0} + 400
setexpr sum ${copy0} + 600
setexpr mus ${copy0} + 604
# Offsets of the record's words, in octets, and how many octets its CRC is of.
setenv at_format 4
setenv at_sequence 8
setenv at_slot c
setenv at_tries 10
setenv at_proven 14
setenv at_other_proven 18
setenv at_fallbacks 1c
setenv at_crc 3c
setenv magic 42545352

# The CRC-32 of the record at ${copy}, as a word at ${sum}: U-Boot's command gives its octets in the network's order.
setenv count '
crc32 ${copy} ${at_crc} ${mus};
setexpr from ${mus} + 3; cp.b ${from} ${sum} 1;
setexpr from ${mus} + 2; setexpr to ${sum} + 1; cp.b ${from} ${to} 1;
setexpr from ${mus} + 1; setexpr to ${sum} + 2; cp.b ${from} ${to} 1;
setexpr to ${sum} + 3; cp.b ${mus} ${to} 1'

# valid: 1 if the sector at ${copy} is a record.
setenv check '
setenv valid 0;
setexpr a ${copy} + ${at_format}; setexpr.l format *${a};
setexpr a ${copy} + ${at_slot}; setexpr.l slot *${a};
run count;
setexpr a ${copy} + ${at_crc};
if itest.l *${copy} == ${magic} && itest.l ${format} == 1 && itest.l *${a} == *${sum}; then
  if itest.l ${slot} == 0 || itest.l ${slot} == 1; then setenv valid 1; fi;
fi'

# Write what the variables say over the copy that does not count, at ${block}; then it counts. Before a start:
# a try that was not counted first would not be counted at all.
setenv commit '
setexpr sequence ${sequence} + 1;
setexpr a ${fresh} + ${at_sequence}; mw.l ${a} ${sequence};
setexpr a ${fresh} + ${at_slot}; mw.l ${a} ${slot};
setexpr a ${fresh} + ${at_tries}; mw.l ${a} ${tries};
setexpr a ${fresh} + ${at_proven}; mw.l ${a} ${proven};
setexpr a ${fresh} + ${at_other_proven}; mw.l ${a} ${other_proven};
setexpr a ${fresh} + ${at_fallbacks}; mw.l ${a} ${fallbacks};
setenv copy ${fresh}; run count;
setexpr a ${fresh} + ${at_crc}; cp.l ${sum} ${a} 1;
if ${devtype} write ${fresh} ${block} 1; then true; else
  echo "restante: the boot record cannot be written";
fi;
if test ${block} = ${block0}; then setenv block ${block1}; else setenv block ${block0}; fi'

# letter: of the slot to start.
setenv name 'if itest.l ${slot} == 0; then setenv letter A; else setenv letter B; fi'

# Start slot ${letter}. It comes back only if there is no kernel in it.
setenv start '
echo "restante: starting slot ${letter}";
setenv bootargs "${board_args} root=PARTLABEL=root${letter} rootfstype=squashfs ro restante.slot=${letter}";
part start ${devtype} ${devnum} kernel${letter} kernel_block;
part size ${devtype} ${devnum} kernel${letter} kernel_blocks;
if ${devtype} read ${kernel_addr_r} ${kernel_block} ${kernel_blocks}; then
  run board_tree;
  bootz ${kernel_addr_r} - ${tree};
fi;
echo "restante: slot ${letter} has no kernel that can be started"'

# Go back to the other slot, for good: what failed is not started again by itself.
setenv fall_back '
setexpr slot 1 - ${slot};
setenv tries 0; setenv proven 1; setenv other_proven 0;
setexpr fallbacks ${fallbacks} + 1;
run name;
echo "restante: going back to slot ${letter}";
run commit;
run start'

# Nothing is proven to start: each slot in turn, the record stays as it is.
setenv last_resort '
run start;
if test ${letter} = A; then setenv letter B; else setenv letter A; fi;
run start'

# Both copies, from the medium. One that cannot be read stays zeros.
mw.l ${copy0} 0 180
${devtype} dev ${devnum}
part start ${devtype} ${devnum} record block0
setexpr block1 ${block0} + 400
${devtype} read ${copy0} ${block0} 1
${devtype} read ${copy1} ${block1} 1

# The one that counts: the higher sequence of those that are whole.
setenv copy ${copy0}
run check
setenv valid0 ${valid}
setenv copy ${copy1}
run check
setenv valid1 ${valid}
setexpr a ${copy0} + ${at_sequence}; setexpr.l sequence0 *${a}
setexpr a ${copy1} + ${at_sequence}; setexpr.l sequence1 *${a}
setenv newest none
if test ${valid0} = 1; then
  setenv newest 0
fi
if test ${valid1} = 1; then
  if test ${valid0} = 0 || itest.l ${sequence1} -gt ${sequence0}; then
    setenv newest 1
  fi
fi

if test ${newest} = none; then
  echo "restante: no boot record is whole"
  setenv letter A
  run last_resort
else
  if test ${newest} = 0; then
    setenv copy ${copy0}; setenv block ${block1}
  else
    setenv copy ${copy1}; setenv block ${block0}
  fi
  cp.l ${copy} ${fresh} 80
  setexpr a ${copy} + ${at_sequence}; setexpr.l sequence *${a}
  setexpr a ${copy} + ${at_slot}; setexpr.l slot *${a}
  setexpr a ${copy} + ${at_tries}; setexpr.l tries *${a}
  setexpr a ${copy} + ${at_proven}; setexpr.l proven *${a}
  setexpr a ${copy} + ${at_other_proven}; setexpr.l other_proven *${a}
  setexpr a ${copy} + ${at_fallbacks}; setexpr.l fallbacks *${a}
  run name

  if itest.l ${proven} == 1; then
    setenv tries 0
    run start
  elif itest.l ${tries} -gt 0; then
    setexpr tries ${tries} - 1
    echo "restante: slot ${letter} is on trial, tries left: ${tries}"
    run commit
    run start
  else
    echo "restante: slot ${letter} was tried and never became healthy"
  fi

  # No slot was started.
  if itest.l ${tries} -gt 0; then
    echo "restante: reset, to try again"
    reset
  fi
  if itest.l ${other_proven} == 1; then
    run fall_back
  fi
  run last_resort
fi

echo "restante: nothing was started, reset in 5 s"
sleep 5
reset
