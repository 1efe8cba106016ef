/** The firmware of the lab's machines, and what QEMU is told for it. */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { AAVMF, type FirmwareFiles, OVMF, SECURE_AAVMF, SECURE_OVMF } from './preflight.ts';

/**
 * Of machines that run the OSIE. `bios`: SeaBIOS, whose network cards boot by iPXE. `uefi`: EDK2, by its own PXE client.
 * `uefi-http`: EDK2, by HTTP boot alone. `secure-boot`: EDK2 with Microsoft's keys, which starts nothing that is not signed.
 */
export const OSIE_FIRMWARES = ['bios', 'uefi', 'uefi-http', 'secure-boot'] as const;
export type OsieFirmware = (typeof OSIE_FIRMWARES)[number];

/** The three of EDK2 for arm64, for which there is no OSIE. */
export const ARM64_FIRMWARES = ['arm64', 'arm64-http', 'arm64-secure-boot'] as const;
export type Firmware = OsieFirmware | (typeof ARM64_FIRMWARES)[number];

export const FIRMWARE_NAMES: Record<OsieFirmware, string> = {
  bios: 'BIOS (SeaBIOS)',
  uefi: 'UEFI (OVMF)',
  'uefi-http': 'UEFI HTTP boot (OVMF)',
  'secure-boot': 'UEFI with Secure Boot (OVMF with Microsoft’s keys)',
};

/** In the kernel's words, as QEMU and hardware data have them too. */
export type Architecture = 'x86_64' | 'aarch64';

/** Of the processor that a firmware is for. */
export function architectureOf(firmware: Firmware): Architecture {
  return ARM64_FIRMWARES.some((each) => each === firmware) ? 'aarch64' : 'x86_64';
}

/** Arguments of QEMU, for a machine whose card is `net0` with this address, and whose disk is `disk0`. */
export function firmwareArguments(firmware: Firmware, mac: string, variables: string): string[] {
  switch (firmware) {
    case 'bios':
      return [
        ...['-machine', 'q35,graphics=off'],
        ...['-device', `virtio-net-pci,netdev=net0,mac=${mac}`],
        ...['-device', 'virtio-blk-pci,drive=disk0'],
        ...['-boot', 'nc'],
      ];
    case 'uefi':
      return ['-machine', 'q35,graphics=off', ...edk2(OVMF, mac, variables)];
    case 'uefi-http':
      return ['-machine', 'q35,graphics=off', ...edk2(OVMF, mac, variables), ...WITHOUT_PXE];
    case 'secure-boot':
      // The firmware keeps its keys where only its system management mode can write.
      return [
        ...['-machine', 'q35,graphics=off,smm=on'],
        ...['-global', 'driver=cfi.pflash01,property=secure,value=on'],
        ...['-global', 'ICH9-LPC.disable_s3=1'],
        ...edk2(SECURE_OVMF, mac, variables),
      ];
    case 'arm64':
      return ['-machine', 'virt', ...edk2(AAVMF, mac, variables)];
    case 'arm64-http':
      return ['-machine', 'virt', ...edk2(AAVMF, mac, variables), ...WITHOUT_PXE];
    case 'arm64-secure-boot':
      return ['-machine', 'virt', ...edk2(SECURE_AAVMF, mac, variables)];
  }
}

const WITHOUT_PXE = ['-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n'];

/** A machine with EDK2, which keeps its variables in a file of its own. */
function edk2(files: FirmwareFiles, mac: string, variables: string): string[] {
  if (!existsSync(variables)) copyFileSync(files.variables, variables);
  return [
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${files.code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
    // Without QEMU's iPXE in the card, the firmware's own PXE client is at work, as in a real machine.
    ...['-device', `virtio-net-pci,netdev=net0,mac=${mac},romfile=,bootindex=0`],
    ...['-device', 'virtio-blk-pci,drive=disk0,bootindex=1'],
    // A minute is lost per boot where the firmware waits for an IPv6 boot server.
    ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
  ];
}

/** Where a machine's firmware keeps its variables. */
export function variablesOf(directory: string, name: string): string {
  return join(directory, `${name}.variables`);
}
