/** What the lab needs of its host, checked before anything is made. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { TinsmithError } from '../errors.ts';

/** A firmware's program, and its variables as they are in a new machine. */
export interface FirmwareFiles {
  code: string;
  variables: string;
}

/** Firmware for UEFI machines, as Debian's package ovmf lays it out. */
export const OVMF: FirmwareFiles = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
};

/** The same with Secure Boot on: Microsoft's keys are enrolled. */
export const SECURE_OVMF: FirmwareFiles = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
};

/** The two for arm64, of Debian's package qemu-efi-aarch64: there the keys alone make the difference. */
export const AAVMF: FirmwareFiles = {
  code: '/usr/share/AAVMF/AAVMF_CODE.fd',
  variables: '/usr/share/AAVMF/AAVMF_VARS.fd',
};
export const SECURE_AAVMF: FirmwareFiles = { ...AAVMF, variables: '/usr/share/AAVMF/AAVMF_VARS.ms.fd' };

const PROGRAMS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  ip: 'iproute2',
  dnsmasq: 'dnsmasq-base',
  unshare: 'util-linux',
  setpriv: 'util-linux',
};
const FILES = { [OVMF.code]: 'ovmf', '/usr/lib/ipxe/qemu/pxe-virtio.rom': 'ipxe-qemu' };

/** Debian packages that the lab needs on its host. */
export const LAB_PACKAGES = ['qemu-system-x86', 'ovmf', 'ipxe-qemu', 'seabios', 'iproute2', 'dnsmasq-base'];

/** Beside them, for its machines that are arm64: these do not run the OSIE, so `tinsmith lab` has none. */
export const ARM64_LAB_PACKAGES = ['qemu-system-arm', 'qemu-efi-aarch64'];

/** @throws TinsmithError FORBIDDEN without root, UNAVAILABLE naming every program and file that is missing. */
export function checkHost(): void {
  if (process.getuid?.() !== 0)
    throw new TinsmithError(
      'FORBIDDEN',
      'The lab makes network namespaces and virtual machines, which only root may.',
      { next: 'Run it with sudo.' },
    );
  const missing = new Set([
    ...Object.entries(PROGRAMS).flatMap(([program, owner]) => (onPath(program) ? [] : [owner])),
    ...Object.entries(FILES).flatMap(([file, owner]) => (existsSync(file) ? [] : [owner])),
  ]);
  if (missing.size > 0) {
    throw new TinsmithError('UNAVAILABLE', `The lab needs these Debian packages: ${[...missing].join(', ')}.`, {
      next: `apt-get install ${[...missing].join(' ')}`,
    });
  }
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new TinsmithError('UNAVAILABLE', 'The lab needs /dev/net/tun for the network cards of its machines.', {
      next: 'modprobe tun; in a container, pass the device in.',
      cause,
    });
  }
}

/** How long firmware is tried under KVM, ms: where KVM can not run it, it stops at its first instructions. */
const KVM_TRIAL_MS = 1500;

let kvm: boolean | undefined;

/** Whether KVM runs firmware here. In a virtual machine, QEMU may be able to open it, and a computer stand still in it. */
export function kvmWorks(): boolean {
  kvm ??= existsSync('/dev/kvm') && kvmRunsFirmware();
  return kvm;
}

function kvmRunsFirmware(): boolean {
  const firmware = ['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF.code}`];
  const { signal, stderr } = spawnSync(
    'qemu-system-x86_64',
    ['-nodefaults', '-display', 'none', '-machine', 'q35', '-accel', 'kvm', '-cpu', 'max', ...firmware, '-no-reboot'],
    { timeout: KVM_TRIAL_MS, killSignal: 'SIGKILL', stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return signal === 'SIGKILL' && !stderr.includes('KVM internal error');
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .concat('/usr/sbin', '/sbin')
    .some((directory) => existsSync(join(directory, program)));
}
