/**
 * The file `helper` that lies in the folder of each Job: functions for scripts that end with more than success or failure,
 * or that have to do with the params of their machine. A script that sources it (`. ./helper`) says what it wants by name,
 * whichever exit codes its Task has.
 */
export const HELPER = `# Functions for the scripts of Tasks. Source it: . ./helper

# By these a script says how its Job goes on. Each ends the script, and switches this Job to the exit codes that they use.

# Digital Rebar's helper has these two by the same names, and its packs call them.
__sane_exit() { : >"\${RS_TASK_DIR:-.}/.sane-exit-codes"; }
__exit() {
  __sane_exit
  exit "$1"
}

# Run this Job again, from its first step.
exit_incomplete() { __exit 128; }
# Reboot; after the last step the Job is finished, before it the Job is run again.
exit_reboot() { __exit 64; }
exit_incomplete_reboot() { __exit 192; }
# Power off.
exit_shutdown() { __exit 32; }
exit_incomplete_shutdown() { __exit 160; }
# End the worker.
exit_stop() { __exit 16; }
exit_incomplete_stop() { __exit 144; }

# The program that the worker is itself. However it fails, it returns 70: a script that ends with that has failed, where
# the program's own exit codes could be a word about the machine.
tinsmith() { "\${RS_TINSMITH:-tinsmith}" "$@" || return 70; }

# get_param NAME: the value that counts for this machine; a text as it is, all else as JSON. Fails where there is none.
get_param() { tinsmith worker param get --raw "$1"; }
# set_param NAME [VALUE]: sets it for this machine: JSON, or a text. The value can come from the standard input instead.
set_param() {
  if [ $# -gt 1 ]; then printf '%s' "$2"; else cat; fi | tinsmith worker param set "$1" - >/dev/null
}
# unset_param NAME: takes away what is set for this machine itself.
unset_param() { tinsmith worker param unset "$1" >/dev/null; }
`;

/** A file of this name in the folder of a Job switches to the sane exit codes. */
export const SANE_EXIT_CODES = '.sane-exit-codes';
