/** Raspberry Pis that boot by the program in their own ROM or EEPROM: it speaks PXE, says that it is a BIOS PC, and is none. */

/** The address blocks of Raspberry Pi (IEEE's register). */
const BLOCKS: readonly string[] = ['b8:27:eb', 'dc:a6:32', 'e4:5f:01', 'd8:3a:dd', '28:cd:c1', '2c:cf:67', '88:a2:9e'];

/** @param mac lower case, with colons */
export function isRaspberryPi(mac: string): boolean {
  return BLOCKS.includes(mac.slice(0, 8));
}
