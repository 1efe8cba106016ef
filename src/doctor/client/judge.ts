/** What the way of a firmware through the network means. Pure. */
import { isBios } from '../../boots/architectures.ts';
import type { Answer, Firmware } from '../../boots/dhcp-client/index.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import type { Boot } from './boot.ts';
import { nameOf, type Program, programOf } from './program.ts';

/** Firmware of UEFI gives up on a first program that is larger than its free memory; and TFTP takes its time, bytes. */
const LARGE_FOR_TFTP = 32 * 1024 * 1024;
/** Architectures of option 93 by what their programs are for. */
const MACHINES_OF: Readonly<Record<number, readonly string[]>> = {
  // 32-bit by the registry, but some 64-bit firmware says it too.
  6: ['x86', 'x86-64'],
  7: ['x86-64'],
  9: ['x86-64'],
  11: ['arm64'],
  15: ['x86', 'x86-64'],
  16: ['x86-64'],
  19: ['arm64'],
};
const CONTENT_TYPES = /^application\/(efi|vnd\.efi-(img|iso)|octet-stream|x-(msdownload|msdos-program|efi|dosexec))|^$/;

/** What UEFI HTTP boot takes for a disk in memory: by its type of content, else by its name (UEFI 2.10, section 24.7.3.2). */
const DISK_TYPES = /^application\/vnd\.efi-(img|iso)\b/i;
const DISK_NAMES = /\.(img|iso)$/i;
const PROGRAM_TYPE = /^application\/efi\b/i;

/**
 * Findings about one boot, the first of them the one that ends it.
 * @param run all that were played with it: a server that answered one of them is there
 */
export function judgeBoot(boot: Boot, run: readonly Boot[]): Finding[] {
  const { firmware, answers, selection } = boot;
  if (answers.length === 0) return [noAnswer(boot, run)];
  return [
    ...leaseFindings(boot),
    ...(selection.boot ? bootFindings(boot, selection.boot) : [nothingToBoot(firmware, answers)]),
  ];
}

function noAnswer({ firmware, only }: Boot, run: readonly Boot[]): Finding {
  const heard = run.flatMap(({ answers }) => answers);
  if (heard.length > 0)
    return warning(
      'not-for-this-firmware',
      `${only && only.others.length > 0 ? `${only.server} did not answer` : 'Nobody answered'} ${firmware.title}, though ${namesOf(heard)} answered other firmware: that gives nothing to architecture ${firmware.architecture}.`,
      'Where there are such machines, look into the log of that server; an appliance says why: tinsmith trace MAC.',
    );
  if (only && only.others.length > 0)
    return problem(
      'no-answer',
      `${only.server} did not answer; ${only.others.join(' and ')} did, which --server leaves out.`,
      'Check that the server which is meant runs and has that address, or leave out --server.',
    );
  return problem(
    'no-answer',
    'No DHCP server answered at all.',
    'Check the cable and the VLAN of this port, that a DHCP server runs and is meant for this network, and that no firewall drops UDP 67. A server on this same computer does not hear it: play the machine from another one.',
  );
}

function leaseFindings({ answers, selection, taken }: Boot): Finding[] {
  const { lease } = selection;
  if (lease === undefined)
    return [
      problem(
        'no-address',
        `${namesOf(answers)} said what to boot, but nobody offered an address: firmware goes on without.`,
        'Start a DHCP server on this network, or let this appliance give addresses: tinsmith up --dhcp reservation.',
      ),
    ];
  const others = new Set(answers.filter((answer) => answer.lease).map(({ server }) => server));
  const findings: Finding[] = [];
  if (others.size > 1)
    findings.push(
      warning(
        'several-servers',
        `${others.size} servers offered an address: ${[...others].join(', ')}. Firmware takes whichever it likes, and may boot another way each time.`,
        'Let one server give addresses on this network.',
      ),
    );
  if (taken?.ok === false)
    findings.push(
      problem('address-refused', `The address could not be taken: ${taken.why}.`, 'Look into the log of that server.'),
    );
  return findings;
}

function nothingToBoot({ kind }: Firmware, answers: readonly Answer[]): Finding {
  const url = answers.find(({ boot }) => boot?.file?.startsWith('http'));
  if (kind === 'http' && url)
    return problem(
      'http-without-class',
      `${url.server} names ${url.boot?.file}, but does not say HTTPClient in option 60, so UEFI HTTP Boot takes no notice.`,
      'Let that server send option 60 "HTTPClient" to clients that send it: tinsmith dhcp-settings shows how.',
    );
  return problem(
    'no-boot-file',
    `${namesOf(answers)} offered an address, but nobody said what to boot.`,
    'If an appliance runs here, it does not know this MAC address, or has nothing for it: tinsmith trace MAC says why. Else point the DHCP server to one: tinsmith dhcp-settings.',
  );
}

function bootFindings({ firmware, bootServer, file, fetched }: Boot, told: Answer): Finding[] {
  if (bootServer?.ok === false)
    return [
      problem(
        'no-boot-server',
        `${told.server} sends firmware to its port 4011, and ${bootServer.why}.`,
        'Check that a firewall lets UDP 4011 through; give the interface an address, or --take one, to be able to ask there.',
      ),
    ];
  if (file === undefined)
    return [
      problem(
        'no-boot-file',
        `${told.server} answers PXE, but names no boot file.`,
        'Look into the settings of that server.',
      ),
    ];
  const { place } = file;
  const name = place.protocol === 'http' ? place.url : place.file;
  if (fetched === undefined)
    return [
      warning(
        'not-fetched',
        `${name} was not fetched: the interface has no address.`,
        'Give it one, or take one for this examination: --take.',
      ),
    ];
  if (!fetched.ok)
    return [
      problem(
        'not-fetchable',
        `${name} cannot be fetched: ${fetched.why}.`,
        place.protocol === 'tftp'
          ? 'Check that a TFTP server runs there and has that file, and that a firewall lets UDP 69 and what follows it from other ports through.'
          : 'Check that a web server runs there and has that file; firmware follows no redirects.',
      ),
    ];
  const program = programOf(fetched.head);
  const disk =
    firmware.kind === 'http' && place.protocol === 'http' ? takenForDisk(place.url, fetched.contentType) : undefined;
  // The first sectors of an ISO 9660 may have anything in them.
  const isDisk = disk !== undefined && (program.kind === 'disk' || (disk === 'iso' && program.kind === 'other'));
  const unfit = isDisk ? undefined : unfitness(firmware, program);
  if (unfit) return [unfit];
  const findings = [ok('boots', `Is given ${name}, ${fetched.bytes} bytes, ${nameOf(program)}.`)];
  if (place.protocol === 'tftp' && fetched.bytes > LARGE_FOR_TFTP)
    findings.push(
      warning('large-for-tftp', `${name} is large for TFTP.`, 'Load a small loader by TFTP, and the rest over HTTP.'),
    );
  if (firmware.kind === 'http' && !CONTENT_TYPES.test(fetched.contentType ?? ''))
    findings.push(
      warning(
        'content-type',
        `It comes as ${fetched.contentType}, which some UEFI firmware refuses.`,
        'Serve it as application/efi.',
      ),
    );
  return findings;
}

/** Of which kind the disk is that firmware takes a file for; undefined: it takes it for a program. */
function takenForDisk(url: string, contentType = ''): string | undefined {
  const typed = DISK_TYPES.exec(contentType);
  if (typed || PROGRAM_TYPE.test(contentType)) return typed?.[1]?.toLowerCase();
  return DISK_NAMES.exec(url.replace(/[?#].*$/, ''))?.[1]?.toLowerCase();
}

/** Why firmware cannot run a program. */
function unfitness({ kind, architecture, title }: Firmware, program: Program): Finding | undefined {
  const wanted = MACHINES_OF[architecture];
  const bios = isBios(architecture);
  const next = 'Give each architecture its own file: tinsmith dhcp-settings shows how.';
  switch (program.kind) {
    case 'empty':
      return problem('empty-file', 'The file is empty.', 'Put the right file in its place.');
    case 'html':
      return problem('not-a-program', 'What came is a web page, no program.', 'Correct the URL.');
    case 'ipxe-script':
      return kind === 'ipxe'
        ? undefined
        : problem('script-for-firmware', `${title} was given an iPXE script, which only iPXE can run.`, next);
    case 'efi':
      if (wanted?.includes(program.machine) || (wanted === undefined && !bios)) return undefined;
      return problem(
        'wrong-architecture',
        `${title} was given ${nameOf(program)}, which it cannot run.`,
        bios ? 'Give BIOS a boot program such as undionly.kpxe, by option 93.' : next,
      );
    case 'disk':
    case 'other':
      return wanted === undefined || kind === 'ipxe'
        ? undefined
        : problem('not-an-efi-program', `${title} was given what is no EFI program.`, next);
  }
}

function namesOf(answers: readonly Answer[]): string {
  return [...new Set(answers.map(({ server }) => server))].join(' and ');
}
