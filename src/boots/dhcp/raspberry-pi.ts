import { isRaspberryPi } from '../raspberry-pi.ts';
import { PxeSubOption } from './options.ts';

/**
 * The menu without which the boot program of a Raspberry Pi takes no offer (Raspberry Pi's documentation, "Network boot
 * flow"): item 0, "Raspberry Pi Boot", and a prompt that waits for 0 s (PXE 2.1, table 2-1).
 */
const NAME = 'Raspberry Pi Boot';
const MENU: readonly (readonly [number, Buffer])[] = [
  [PxeSubOption.BOOT_MENU, Buffer.concat([Buffer.of(0, 0, NAME.length), Buffer.from(NAME)])],
  [PxeSubOption.MENU_PROMPT, Buffer.concat([Buffer.of(0), Buffer.from('PXE')])],
];
const X86_BIOS = 0;

/** Sub-options of option 43 for a client; none for what is no Raspberry Pi, or one with UEFI. */
export function raspberryPiMenu(mac: string, architectures: readonly number[]): readonly (readonly [number, Buffer])[] {
  return isRaspberryPi(mac) && architectures.every((code) => code === X86_BIOS) ? MENU : [];
}
