/** Of a boot that has its address and its loader, and not its script. Pure. */
import type { TraceEntry } from '../trace.ts';
import type { Case } from './explain.ts';
import type { Said } from './facts.ts';
import { anotherThan, baseOf, isAutoexec, isEfi } from './files.ts';
import { otherServer } from './links.ts';
import { wholeLoads } from './whole.ts';
import { withoutEnd } from './words.ts';

export function missingScript(told: Case): Said {
  const { progress, entries, all, facts } = told;
  const { broken } = progress.awaited ?? {};
  if (broken) return refusedScript(broken);
  const { stages } = progress;
  const loader = stages.find(({ stage }) => stage === 'loader')?.entry;
  const since = entries.slice(loader === undefined ? 0 : entries.indexOf(loader) + 1);
  const dhcp = since.filter(({ role }) => role === 'dhcp');
  // Its DHCP says that iPXE runs.
  const ipxe = dhcp.findLast(({ details }) => details.firmware === 'ipxe');
  const name = loader === undefined ? 'iPXE' : baseOf(loader.what);
  // Whichever server it names, it takes an address from that.
  const hasTaken = dhcp.some(({ what }) => what === 'REQUEST');
  if (ipxe && ipxe.outcome === 'answered' && ipxe.what === 'DISCOVER' && !hasTaken) {
    const { address } = ipxe.details;
    const another = loader && anotherThan(loader.what);
    return {
      state: 'missing',
      code: 'offer-not-taken',
      sentence: `runs ${name}, was offered ${address === undefined ? 'what to boot' : String(address)} and has not taken it: most likely its switch port does not forward yet (spanning tree), or ${name} does not work with its network card`,
      next: ['Have its switch port forward at once (portfast, edge port).', another].filter(Boolean).join(' '),
      evidence: dhcp.slice(-3),
    };
  }
  const other = ipxe && otherServer([ipxe]);
  // Beside a router's DHCP (ProxyDHCP) that is where its address comes from.
  const offered = dhcp.findLast(({ what, outcome }) => what === 'DISCOVER' && outcome === 'answered');
  if (other && offered?.details.address !== undefined)
    return {
      state: 'missing',
      code: 'second-server',
      sentence: `runs ${name}, and took an address from ${other.named}, which does not name its script: a second DHCP server answers on its network`,
      next: `Switch off DHCP at ${other.named}, or start the appliance with --dhcp proxy.`,
      evidence: dhcp.slice(-3),
    };
  // It may still have the address that its firmware took.
  const autoexec = since.findLast(({ outcome, what }) => outcome === 'completed' && isAutoexec(what));
  if (ipxe ? ipxe.outcome === 'answered' || (other && offered) : autoexec)
    return {
      state: 'missing',
      code: 'http-unreachable',
      sentence: `runs ${name} and has an address, and never asked for its script: most likely ${facts.network.server} does not reach us: a firewall${
        autoexec ? ', unless an autoexec.ipxe of your own boots something else' : ''
      }`,
      next: 'Let TCP to the HTTP port of this host pass, from the network of the machine.',
    };
  if (ipxe)
    return {
      state: 'missing',
      code: 'ipxe-not-answered',
      sentence: `runs ${name}, and its request to DHCP was not answered: ${withoutEnd(ipxe.sentence)}`,
      evidence: [ipxe],
    };
  if (loader === undefined)
    return {
      state: 'missing',
      code: 'script-not-asked',
      sentence: `has its address, and never asked for its script at ${facts.network.server}`,
    };
  const times = wholeLoads(all, (what) => baseOf(what) === baseOf(loader.what));
  const another = anotherThan(loader.what);
  const often = times.length > 1 ? ` ${times.length} times` : '';
  if (!isEfi(loader.what))
    return {
      state: 'missing',
      code: 'loader-silent',
      sentence: `loaded ${name} whole${often} and then nothing: most likely that loader has no driver for its network card`,
      ...(another !== undefined && { next: another }),
      evidence: times.slice(-3),
    };
  const { secureBoot } = facts.machine ?? {};
  if (facts.network.dhcp.state !== 'up' && secureBoot !== 'on')
    return {
      state: 'missing',
      code: 'loader-silent',
      sentence: `loaded ${name}${often} and then nothing: most likely Secure Boot is on, or ${facts.network.server} does not reach us, or the DHCP server of its network does not name its script to iPXE`,
      next: 'Look at its console for what the loader says.',
      evidence: times.slice(-3),
    };
  if (secureBoot === 'off')
    return {
      state: 'missing',
      code: 'loader-silent',
      sentence: `loaded ${name} whole${often} and then nothing: Secure Boot was off when its worker was last heard, so most likely that loader is not for its firmware`,
      ...(another !== undefined && { next: another }),
      evidence: times.slice(-3),
    };
  return {
    state: 'missing',
    code: 'secure-boot',
    sentence: `loaded ${name}${often} and then nothing: ${
      secureBoot === 'on' ? 'Secure Boot is on' : 'most likely Secure Boot is on'
    }, and refuses a loader that is not signed for it`,
    next: 'Start it again: it is given a signed loader then, unless --secure-boot off forbids that.',
    evidence: times.slice(-3),
  };
}

/** A script that was asked for and not given. */
function refusedScript(broken: TraceEntry): Said {
  const { reason, outcome } = broken;
  const why = withoutEnd(broken.sentence);
  const evidence = [broken];
  switch (reason) {
    case 'not-this-machine':
      return {
        state: 'missing',
        code: reason,
        sentence: `its script was asked for by somebody else, or from an address that is not its own: ${why}`,
        next: 'Give the machine the address that it asks from, or all its MAC addresses.',
        evidence,
      };
    case 'no-osie':
      return {
        state: 'missing',
        code: 'osie-missing',
        sentence: `asked for its script, and there is no in-memory system to boot: ${why}`,
        next: 'Put vmlinuz and initrd.img beside the executable in osie/, or name their directory with --osie.',
        evidence,
      };
    case 'no-environment':
    case 'template':
      return { state: 'missing', code: 'environment-unusable', sentence: why, evidence };
    default:
      return {
        state: outcome === 'ignored' ? 'declined' : 'missing',
        code: reason,
        sentence: `asked for its script and was given none: ${why}`,
        evidence,
      };
  }
}
