/** Of a boot that has no address. Pure. */
import type { Case } from './explain.ts';
import type { MachineFacts, Said } from './facts.ts';
import { withoutEnd } from './words.ts';

/** Why a packet of DHCP was not answered, where that is decided here and nothing is wrong. */
const DECLINED: readonly string[] = [
  ...['installed', 'unknown-machine', 'no-workflow', 'netboot-not-allowed', 'dhcp-disabled', 'boot-environment'],
];

/** The signed GRUB would not find us. */
const HTTP_BOOT = 'Put HTTP boot into its boot order, or let this appliance give the addresses (--dhcp reservation).';

/** What to do about a reason for not answering. */
const NEXT: Readonly<Record<string, string>> = {
  'unknown-machine':
    'Add it: tinsmith machine add NAME --mac MAC; or take in all that come: tinsmith up --unknown discover',
  'no-workflow': 'Give it something to do: tinsmith workflow create, or tinsmith machine stage',
  'netboot-not-allowed': 'Allow it: allow_pxe true in its hardware data (tinsmith machine push).',
  'boot-environment': 'Give it another environment: tinsmith machine bootenv',
  'no-loader': 'Give it a boot loader of its own (tinsmith up --loader), or switch its firmware to another mode.',
  'no-system':
    'Boot it into an environment for its architecture (tinsmith machine bootenv), and run workflows on x86-64 only.',
  'http-only': HTTP_BOOT,
  'secure-boot': HTTP_BOOT,
  'no-address': 'Give it one: --ip in tinsmith machine add, or dhcp.ip in its hardware data.',
  'other-network': 'Plug it in where that network is, or reserve it an address of the one that it asks from.',
  'address-in-use': 'Find the other computer with that address, or give the machine another.',
  'address-declined': 'Find the other computer with that address, or give the machine another.',
  'pool-exhausted': 'Make the range of addresses larger, or the leases shorter.',
  'not-sent':
    'See that this computer has a route to where the answer goes ("ip route get ADDRESS"), and that its link is up.',
  'relay-unknown': 'Add a subnet for the network of that relay.',
};

/** What to do about it; what the machine's own hardware data says wins over all that is set for everyone. */
function nextOf(code: string, machine: MachineFacts | undefined): { next?: string } {
  const next =
    code === 'no-loader' && machine?.binary
      ? `Change netboot.ipxe.binary in its hardware data (tinsmith machine push), or put ${machine.binary} below the served files.`
      : NEXT[code];
  return next === undefined ? {} : { next };
}

/** What firmware was told that was given an address and nothing to boot; undefined: it was given something since. */
export function givenNothing({ entries, facts }: Pick<Case, 'entries' | 'facts'>): Said | undefined {
  const last = entries.findLast(
    ({ role, outcome, details }) => role === 'dhcp' && outcome === 'answered' && details.firmware !== undefined,
  );
  const { nothingToBoot: code, address } = last?.details ?? {};
  if (last === undefined || typeof code !== 'string') return undefined;
  const why = withoutEnd(last.sentence).replace(/^.*?; (?:it is given nothing to boot: )?/, '');
  return {
    state: DECLINED.includes(code) ? 'declined' : 'missing',
    code,
    sentence: `was given ${address === undefined ? 'an address' : `the address ${String(address)}`} and nothing to boot: ${why}`,
    ...nextOf(code, facts.machine),
    evidence: entries.filter(({ role }) => role === 'dhcp').slice(-4),
  };
}

export function missingAddress({ progress, entries, facts, now }: Case): Said {
  const { awaited } = progress;
  const dhcp = entries.filter(({ role }) => role === 'dhcp');
  const { broken } = awaited ?? {};
  if (broken) {
    const declined = broken.reason === 'address-declined';
    return {
      state: DECLINED.includes(broken.reason) ? 'declined' : 'missing',
      code: declined ? 'address-in-use' : broken.reason,
      sentence: withoutEnd(broken.sentence).replace(/^its firmware /, ''),
      ...nextOf(broken.reason, facts.machine),
      evidence: dhcp.filter(({ reason }) => reason === broken.reason).slice(-3),
    };
  }
  const offered = dhcp.findLast(({ outcome }) => outcome === 'answered');
  if (offered) {
    const { address } = offered.details;
    return {
      state: 'missing',
      code: 'offer-not-taken',
      sentence: `was offered ${address === undefined ? 'what to boot' : String(address)}, and has not taken it: most likely the answer does not reach it, or another DHCP server was quicker`,
      next: 'Look for another DHCP server on its network, and for a switch or relay that drops broadcasts.',
      evidence: dhcp.slice(-3),
    };
  }
  const last = entries.at(-1);
  const silent = dhcp.length === 0 && last;
  return {
    state: 'missing',
    code: 'no-address-asked',
    sentence: silent
      ? `was heard last with ${last.what} (${withoutEnd(last.sentence)}), and has asked for nothing since`
      : `asked DHCP, and for no address that this appliance gives: ${withoutEnd(dhcp.at(-1)?.sentence ?? facts.plan.sentence)}`,
    evidence: entries.slice(-3).filter(({ time }) => time <= now),
  };
}
