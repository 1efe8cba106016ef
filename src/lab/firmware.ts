/** The firmware of the lab's machines, and what QEMU is told for it. */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { OVMF, SECURE_OVMF } from './preflight.ts';

/**
 * `bios`: SeaBIOS, whose network cards boot by iPXE. `uefi`: EDK2, by its own PXE client. `uefi-http`: EDK2, by HTTP boot
 * alone. `secure-boot`: EDK2 with Microsoft's keys, which starts nothing that is not signed.
 */
export const FIRMWARES = ['bios', 'uefi', 'uefi-http', 'secure-boot'] as const;
export type Firmware = (typeof FIRMWARES)[number];

export const FIRMWARE_NAMES: Record<Firmware, string> = {
  bios: 'BIOS (SeaBIOS)',
  uefi: 'UEFI (OVMF)',
  'uefi-http': 'UEFI HTTP boot (OVMF)',
  'secure-boot': 'UEFI with Secure Boot (OVMF with Microsoft’s keys)',
};

/** Arguments of QEMU, for a machine whose card is `net0` with this address, and whose disk is `disk0`. */
export function firmwareArguments(firmware: Firmware, mac: string, variables: string): string[] {
  if (firmware === 'bios') {
    return [
      ...['-machine', 'q35,graphics=off'],
      ...['-device', `virtio-net-pci,netdev=net0,mac=${mac}`],
      ...['-device', 'virtio-blk-pci,drive=disk0'],
      ...['-boot', 'nc'],
    ];
  }
  const isSecure = firmware === 'secure-boot';
  const files = isSecure ? SECURE_OVMF : OVMF;
  if (!existsSync(variables)) copyFileSync(files.variables, variables);
  return [
    // The firmware keeps its keys where only its system management mode can write.
    ...(isSecure
      ? [
          ...['-machine', 'q35,graphics=off,smm=on'],
          ...['-global', 'driver=cfi.pflash01,property=secure,value=on'],
          ...['-global', 'ICH9-LPC.disable_s3=1'],
        ]
      : ['-machine', 'q35,graphics=off']),
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${files.code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
    // Without QEMU's iPXE in the card, the firmware's own PXE client is at work, as in a real machine.
    ...['-device', `virtio-net-pci,netdev=net0,mac=${mac},romfile=,bootindex=0`],
    ...['-device', 'virtio-blk-pci,drive=disk0,bootindex=1'],
    // A minute is lost per boot where the firmware waits for an IPv6 boot server.
    ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
    ...(firmware === 'uefi-http' ? ['-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n'] : []),
  ];
}

/** Where a machine's firmware keeps its variables. */
export function variablesOf(directory: string, name: string): string {
  return join(directory, `${name}.variables`);
}
