/** Of a boot that has its address and not its loader, its kernel or its initrd. Pure. */
import type { TraceEntry } from '../trace.ts';
import type { Case } from './explain.ts';
import type { Said } from './facts.ts';
import { baseOf, isEfi, isIpxe, kindOf } from './files.ts';
import { sizeOf, timeOf, waitOf, withoutEnd } from './words.ts';

/** Memory that an initrd takes, in multiples of its size: itself, and what it is unpacked to. */
const UNPACKED = 4;

/** The server whose address it took, where that is not ours. */
export function otherServer(entries: readonly TraceEntry[]): { named: string; entry: TraceEntry } | undefined {
  const entry = entries.findLast(
    ({ role, what, reason }) =>
      role === 'dhcp' && what === 'REQUEST' && (reason === 'other-server' || reason === 'not-firmware'),
  );
  if (entry === undefined) return undefined;
  const { serverIdentifier } = entry.details;
  return { named: serverIdentifier === undefined ? 'another server' : String(serverIdentifier), entry };
}

export function missingLoader({ progress, entries, facts }: Case): Said {
  const { broken } = progress.awaited ?? {};
  if (broken) return brokenFile(broken, 'its boot loader');
  const size = onlyAsked(entries);
  if (size) return size;
  const dhcp = entries.filter(({ role }) => role === 'dhcp');
  const other = otherServer(dhcp);
  const firmware = dhcp.find(({ details }) => details.firmware !== undefined);
  const given = dhcp.findLast(({ outcome, details }) => outcome === 'answered' && details.address !== undefined);
  const took = other
    ? `took an address from ${other.named}`
    : `took the address ${String(given?.details.address ?? 'it was offered')}`;
  const evidence = dhcp.slice(-4);
  const unread = firmware ? undefined : dhcp.findLast(({ details }) => saysFirmware(details.vendorClass));
  if (unread)
    return {
      state: 'missing',
      code: 'firmware-not-understood',
      sentence: `${took}, and nothing to boot: its firmware says ${unread.details.vendorClass}, without an architecture (option 93) or with a malformed identifier (option 97)`,
      next: 'Update its firmware, or start it with an iPXE of your own from a USB stick or a CD.',
      evidence,
    };
  if (firmware === undefined)
    return {
      state: 'missing',
      code: 'not-from-network',
      sentence: `${took}, then asked us nothing: its boot order does not have the network first`,
      next: 'Put the network first in the boot order of its firmware, or have it started once from the network.',
      evidence,
    };
  const offer = dhcp.findLast(({ outcome, details }) => outcome === 'answered' && details.bootFile !== undefined);
  if (other && given)
    return {
      state: 'missing',
      code: 'second-server',
      sentence: `${took}, then asked us nothing: a second DHCP server answers on its network, and it took that one's offer`,
      next: `Switch off DHCP at ${other.named}, or start the appliance with --dhcp proxy.`,
      evidence,
    };
  if (other)
    return {
      state: 'missing',
      code: offer ? 'offer-not-followed' : 'second-server',
      sentence: `${took}, then asked us nothing: most likely ${
        offer
          ? 'that server names a boot file too, or its firmware does not look for a ProxyDHCP server'
          : 'a second DHCP server was quicker than we are'
      }`,
      next: `Take options 66 and 67 (next-server, filename) out of the DHCP server ${other.named}.`,
      evidence,
    };
  const { tftp } = facts.network;
  if (tftp.state !== 'up' && firmware.details.firmware === 'pxe')
    return {
      state: 'missing',
      code: 'tftp-down',
      sentence: `${took}, and cannot load ${String(offer?.details.bootFile ?? 'its loader')}: TFTP is ${
        tftp.state === 'off' ? 'switched off here' : `not up here: ${withoutEnd(tftp.why ?? '')}`
      }`,
      next: 'See what is wrong, and what to do: tinsmith status',
      evidence,
    };
  return {
    state: 'missing',
    code: 'loader-not-asked',
    sentence: `${took}, and never asked for ${String(offer?.details.bootFile ?? 'its boot loader')}: most likely ${
      firmware.details.firmware === 'http'
        ? `HTTP at ${facts.network.server}`
        : 'TFTP (UDP port 69, and the ports that it answers from)'
    } does not reach us: a firewall`,
    next: 'Let UDP port 69 and all UDP from this host pass, and TCP to its HTTP port.',
    evidence,
  };
}

const saysFirmware = (vendorClass: unknown): boolean =>
  typeof vendorClass === 'string' && /^(PXE|HTTP)Client/.test(vendorClass);

/** A loader that firmware has looked at, and not fetched. */
function onlyAsked(entries: readonly TraceEntry[]): Said | undefined {
  const asked = entries.findLast(
    ({ role, what, outcome }) =>
      (role === 'tftp' || role === 'http') && outcome === 'completed' && kindOf(what) === 'loader',
  );
  if (asked === undefined) return undefined;
  const { what, reason } = asked;
  const part = reason === 'size-only' ? 'the size of' : reason === 'sent' ? 'a part of' : undefined;
  return {
    state: 'missing',
    code: 'loader-declined',
    sentence: part
      ? `asked only for ${part} its boot loader ${baseOf(what)}, and then gave up`
      : `asked for its boot loader ${baseOf(what)}, which did not come: ${withoutEnd(asked.sentence)}`,
    next: 'Look at its console for what its firmware says.',
    evidence: [asked],
  };
}

export function missingFile({ progress, entries, facts, now }: Case, stage: 'kernel' | 'initrd'): Said {
  const { broken, since = now } = progress.awaited ?? {};
  const memory = stage === 'initrd' && broken ? tooLarge(broken, facts.machine?.memory) : undefined;
  if (memory) return memory;
  if (broken) return brokenFile(broken, stage === 'kernel' ? 'its kernel' : 'its initrd');
  const { reached } = progress;
  const last = reached?.entry
    ? `${baseOf(reached.entry.what)} was given at ${timeOf(reached.entry.time)}`
    : 'it has its address';
  const loader = progress.stages.find(({ stage: of }) => of === 'loader')?.entry;
  const because =
    stage === 'kernel' && loader && !isIpxe(loader.what) && reached?.stage === 'loader' && isEfi(loader.what)
      ? ': most likely Secure Boot refuses that loader'
      : '';
  return {
    state: 'missing',
    code: `${stage}-not-asked`,
    sentence: `${last}, and for ${waitOf(now - since)} its ${stage} was not loaded${because}`,
    next: 'Look at its console: the script says there what it could not do.',
    evidence: entries.slice(-3),
  };
}

/** A file that was asked for, and did not arrive. */
function brokenFile(broken: TraceEntry, called: string): Said {
  const { reason, outcome, role, details } = broken;
  const name = baseOf(broken.what);
  const kind = kindOf(broken.what);
  const evidence = [broken];
  const why = withoutEnd(broken.sentence);
  if (outcome === 'refused')
    return {
      state: 'missing',
      code: `${kind}-missing`,
      sentence: `asked for ${called} ${broken.what}, which it was not given: ${why}`,
      evidence,
    };
  if (reason === 'options-declined' || reason === 'client-error')
    return {
      state: 'missing',
      code: `${kind}-declined`,
      sentence: `asked for ${called} ${name}, and gave up: ${why}`,
      next: 'Look at its console for what its firmware says.',
      evidence,
    };
  const { bytes = 0 } = details;
  const size = details.total ?? details.size;
  const of = size === undefined ? '' : ` of ${String(size)}`;
  return {
    state: 'missing',
    code: `${kind}-broke-off`,
    sentence: `${name} broke off after ${String(bytes)}${of} bytes: ${
      role === 'tftp'
        ? why
        : reason === 'client-left'
          ? 'the machine closed the connection, or was switched off'
          : `it could not be sent (${reason})`
    }`,
    next: 'Look at its console, and at the cable and switch between: the next boot tries again.',
    evidence,
  };
}

/** An initrd that the machine cannot take, by the memory that its worker once told of. */
export function tooLarge(initrd: TraceEntry, memory: number | undefined): Said | undefined {
  const size = Number(initrd.details.total ?? initrd.details.size ?? initrd.details.bytes ?? 0);
  if (memory === undefined || size === 0 || memory >= size * UNPACKED) return undefined;
  return {
    state: 'missing',
    code: 'initrd-too-large',
    sentence: `its initrd of ${sizeOf(size)} takes about ${sizeOf(size * UNPACKED)} of memory, and it has ${sizeOf(memory)}: most likely that is too little`,
    next: 'Give it more memory, or boot it into a smaller system.',
    evidence: [initrd],
  };
}
