/**
 * The processor architecture types that firmware names in DHCP option 93: IANA's registry "Processor Architecture Types"
 * of the DHCPv6 parameters, which RFC 4578 and RFC 5970 begin. Data only; which loader is for which is in `loaders.ts`.
 */

/** Firmware for which there is one and the same loader, as Digital Rebar's boot environments name it. */
export type Firmware = '386-pcbios' | 'amd64-uefi' | 'arm64-uefi';

export interface Architecture {
  /** As people are told of it. */
  name: string;
  /** How it is written in settings. */
  key: string;
  firmware?: Firmware;
  /** The processor, in Go's words (GOARCH) where it has one; where there is a firmware, that has it. */
  processor?: string;
}

/** By code of option 93. */
const ARCHITECTURES: Readonly<Record<number, Architecture>> = {
  0: { key: 'bios', name: 'x86 BIOS', firmware: '386-pcbios' },
  // Nobody has made machines of these in this century; whatever says one of them today is a PC.
  1: { key: 'pc98', name: 'NEC PC-98', firmware: '386-pcbios' },
  2: { key: 'itanium', name: 'Itanium', firmware: '386-pcbios' },
  3: { key: 'alpha', name: 'DEC Alpha', firmware: '386-pcbios' },
  4: { key: 'arc-x86', name: 'Arc x86', firmware: '386-pcbios' },
  5: { key: 'lean-client', name: 'Intel Lean Client', firmware: '386-pcbios' },
  // 32-bit by the registry; some 64-bit firmware says it, and what cannot run the loader goes on to its next device.
  6: { key: 'x86-uefi', name: 'x86 UEFI', firmware: 'amd64-uefi' },
  7: { key: 'x64-uefi', name: 'x64 UEFI', firmware: 'amd64-uefi' },
  8: { key: 'xscale-efi', name: 'EFI Xscale', firmware: 'amd64-uefi' },
  // EFI byte code by the registry. RFC 4578 has 7 and 9 the other way round, and some x64 firmware goes by that.
  9: { key: 'ebc', name: 'EFI byte code', firmware: 'amd64-uefi' },
  10: { key: 'arm32-uefi', name: 'ARM 32-bit UEFI', processor: 'arm' },
  11: { key: 'arm64-uefi', name: 'ARM 64-bit UEFI', firmware: 'arm64-uefi' },
  12: { key: 'powerpc-open-firmware', name: 'PowerPC Open Firmware', processor: 'ppc64' },
  13: { key: 'powerpc-epapr', name: 'PowerPC ePAPR', processor: 'ppc' },
  14: { key: 'opal', name: 'POWER OPAL v3', processor: 'ppc64le' },
  15: { key: 'x86-uefi-http', name: 'x86 UEFI HTTP boot', firmware: 'amd64-uefi' },
  16: { key: 'x64-uefi-http', name: 'x64 UEFI HTTP boot', firmware: 'amd64-uefi' },
  17: { key: 'ebc-http', name: 'EFI byte code HTTP boot', firmware: 'amd64-uefi' },
  18: { key: 'arm32-uefi-http', name: 'ARM 32-bit UEFI HTTP boot', processor: 'arm' },
  19: { key: 'arm64-uefi-http', name: 'ARM 64-bit UEFI HTTP boot', firmware: 'arm64-uefi' },
  20: { key: 'bios-http', name: 'x86 BIOS HTTP boot', firmware: '386-pcbios' },
  21: { key: 'arm32-uboot', name: 'ARM 32-bit U-Boot', processor: 'arm' },
  22: { key: 'arm64-uboot', name: 'ARM 64-bit U-Boot', processor: 'arm64' },
  23: { key: 'arm32-uboot-http', name: 'ARM 32-bit U-Boot HTTP boot', processor: 'arm' },
  24: { key: 'arm64-uboot-http', name: 'ARM 64-bit U-Boot HTTP boot', processor: 'arm64' },
  25: { key: 'riscv32-uefi', name: 'RISC-V 32-bit UEFI', processor: 'riscv32' },
  26: { key: 'riscv32-uefi-http', name: 'RISC-V 32-bit UEFI HTTP boot', processor: 'riscv32' },
  27: { key: 'riscv64-uefi', name: 'RISC-V 64-bit UEFI', processor: 'riscv64' },
  28: { key: 'riscv64-uefi-http', name: 'RISC-V 64-bit UEFI HTTP boot', processor: 'riscv64' },
  29: { key: 'riscv128-uefi', name: 'RISC-V 128-bit UEFI', processor: 'riscv128' },
  30: { key: 'riscv128-uefi-http', name: 'RISC-V 128-bit UEFI HTTP boot', processor: 'riscv128' },
  31: { key: 's390-basic', name: 's390 Basic', processor: 's390x' },
  32: { key: 's390-extended', name: 's390 Extended', processor: 's390x' },
  33: { key: 'mips32-uefi', name: 'MIPS 32-bit UEFI', processor: 'mips' },
  34: { key: 'mips64-uefi', name: 'MIPS 64-bit UEFI', processor: 'mips64' },
  35: { key: 'sunway32-uefi', name: 'Sunway 32-bit UEFI', processor: 'sw32' },
  36: { key: 'sunway64-uefi', name: 'Sunway 64-bit UEFI', processor: 'sw64' },
  37: { key: 'loongarch32-uefi', name: 'LoongArch 32-bit UEFI', processor: 'loong32' },
  38: { key: 'loongarch32-uefi-http', name: 'LoongArch 32-bit UEFI HTTP boot', processor: 'loong32' },
  39: { key: 'loongarch64-uefi', name: 'LoongArch 64-bit UEFI', processor: 'loong64' },
  40: { key: 'loongarch64-uefi-http', name: 'LoongArch 64-bit UEFI HTTP boot', processor: 'loong64' },
  // Raspberry Pis whose own boot program can boot from the network have 64-bit processors.
  41: { key: 'arm-rpiboot', name: 'ARM rpiboot', processor: 'arm64' },
};

/** The architecture types that are registered, with their codes. */
export const REGISTERED: ReadonlyMap<number, Architecture> = new Map(
  Object.entries(ARCHITECTURES).map(([code, architecture]) => [Number(code), architecture]),
);

/** Those that boot by HTTP. */
const OVER_HTTP: ReadonlySet<number> = new Set([15, 16, 17, 18, 19, 20, 23, 24, 26, 28, 30, 38, 40]);

export const bootsOverHttp = (code: number): boolean => OVER_HTTP.has(code);

/** BIOS, by PXE and by HTTP. */
export const isBios = (code: number): boolean => code === 0 || code === 20;

/** The firmware behind a code, where we know it. */
export function firmwareOfCode(code: number): Firmware | undefined {
  return REGISTERED.get(code)?.firmware;
}

/** The processor behind a code, in Go's words; that of a BIOS PC is taken for a 64-bit one. */
export function processorOfCode(code: number): string | undefined {
  const registered = REGISTERED.get(code);
  switch (registered?.firmware) {
    case '386-pcbios':
    case 'amd64-uefi':
      return 'amd64';
    case 'arm64-uefi':
      return 'arm64';
    case undefined:
      return registered?.processor;
  }
}

/** `RISC-V 64-bit UEFI (architecture 27)`. */
export function inWords(code: number): string {
  return `${REGISTERED.get(code)?.name ?? 'something that is not registered'} (architecture ${code})`;
}

/** The code that a setting means: a number, or a key of the table. */
export function codeOf(text: string): number | undefined {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 0xffff ? Number(text) : undefined;
  const wanted = text.toLowerCase();
  for (const [code, { key }] of REGISTERED) if (key === wanted) return code;
  return undefined;
}

/** The code in option 60, such as 7 in `PXEClient:Arch:00007:UNDI:003000` (PXE 2.1, table 2-1). */
export function codeInVendorClass(vendorClass: string | undefined): number | undefined {
  const digits = /^(?:PXE|HTTP)Client:Arch:(\d{5})(?::|$)/.exec(vendorClass ?? '')?.[1];
  return digits === undefined ? undefined : codeOf(digits);
}
