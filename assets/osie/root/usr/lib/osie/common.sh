# What the OSIE's scripts share. Sourced. Says without starting programs: it is called for every line of the worker.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux

# say PART TEXT: one line with the uptime, on every console the kernel has.
say() {
  read -r now _ </proc/uptime
  read -r consoles </sys/class/tty/console/active
  for console in $consoles; do printf '[%6.1f] %s: %s\n' "$now" "$1" "$2" >"/dev/$console"; done 2>/dev/null
}

# arg NAME: the value of NAME=VALUE on the kernel's command line, in $value; false when it is not there.
arg() {
  value=
  read -r line </proc/cmdline
  for word in $line; do
    case $word in
      "$1="*) value=${word#*=}; return 0 ;;
      "$1") return 0 ;;
    esac
  done
  return 1
}

# waiting PART TEXT: what PART is doing now; the watch repeats it every 10 s until `reached PART TEXT`.
waiting() { printf '%s\n' "$2" >"/run/osie/waiting/$1"; }
reached() { rm -f "/run/osie/waiting/$1"; say "$1" "$2"; }

# keep PART COMMAND…: runs it for ever; the pause before it starts again grows from 1 to 30 s while it ends soon.
keep() {
  part=$1; shift
  pause=1
  while :; do
    read -r begun _ </proc/uptime
    "$@"
    code=$?
    read -r now _ </proc/uptime
    [ $((${now%.*} - ${begun%.*})) -ge 60 ] && pause=1
    waiting "$part" "ended with exit code $code; it starts again in $pause s"
    say "$part" "ended with exit code $code; it starts again in $pause s"
    sleep $pause
    pause=$((pause * 2)); [ $pause -gt 30 ] && pause=30
  done
}
