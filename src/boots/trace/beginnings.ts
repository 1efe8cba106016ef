/** Where one boot of a machine ends and the next begins, told by the entries of its trace as they come. Pure. */
import { isPlayed } from '../played.ts';
import type { TraceEntry } from '../trace.ts';

/** What of the entries before decides whether a boot begins. */
export interface Sketch {
  /** When anything was noted last, ms since 1970. */
  lastAt: number;
  /** More than an address was asked for in this boot. */
  gotOn: boolean;
  /** A script was asked for in this boot. */
  scripted: boolean;
}

/** Firmware tries each of its boot entries for a minute or so: what asks again within this goes on with the same boot. */
const QUIET_MS = 2 * 60_000;
/** Without a packet of DHCP here, only a long silence tells two boots apart: menus wait, installers fetch more. */
const LONG_QUIET_MS = 10 * 60_000;

type Told = Pick<TraceEntry, 'time' | 'role' | 'what' | 'details'>;

/**
 * Whether an entry is the first of a boot: a DISCOVER of firmware after a silence, or once the boot before has got on; or,
 * where another server answers DHCP and nothing of it is seen here, a request for a file or a script after a long silence.
 * iPXE asks DHCP again within a boot, so its DISCOVER begins one only when a script was asked for already.
 */
export function beginsBoot({ time, role, what, details }: Told, before: Sketch | undefined): boolean {
  if (before === undefined) return true;
  if (isPlayed({ details })) return false;
  const silence = time - before.lastAt;
  switch (role) {
    case 'dhcp': {
      const { firmware } = details;
      if (what !== 'DISCOVER' || firmware === undefined) return false;
      return silence > QUIET_MS || (firmware === 'ipxe' ? before.scripted : before.gotOn);
    }
    case 'tftp':
    case 'script':
      return silence > LONG_QUIET_MS;
    default:
      return false;
  }
}

/** The sketch once an entry is added to its boot. */
export function sketchAfter({ time, role, details }: Told, before: Sketch | undefined): Sketch {
  if (before !== undefined && isPlayed({ details })) return before;
  return {
    lastAt: time,
    gotOn: before?.gotOn === true || role !== 'dhcp',
    scripted: before?.scripted === true || role === 'script',
  };
}
