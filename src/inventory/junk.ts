/**
 * Serial numbers, asset tags and UUIDs that many machines share, because somebody did not fill them in. Pure.
 *
 * Sources: what AMI's, Phoenix's and Insyde's firmware has before the maker's tool fills it in (the strings of ASRock,
 * ASUS, Gigabyte, Supermicro and no-name boards on linux-hardware.org), systemd's hwdb `20-dmi-id.hwdb` (names that it
 * calls rubbish), and dmidecode's words for what is absent. Digital Rebar ignores such values too ("whoami").
 */

/** In lower case, without blanks and punctuation. */
const JUNK: ReadonlySet<string> = new Set([
  // Placeholders of AMI's firmware, and how makers misspelt them.
  ...['tobefilledbyoem', 'tobefilled', 'filledbyoem', 'oem', 'defaultstring', 'default', 'systemserialnumber'],
  ...['systemmanufacturer', 'systemproductname', 'systemname', 'systemversion', 'systemskunumber', 'sku', 'systemuuid'],
  ...['baseboardserialnumber', 'boardserialnumber', 'mbserialnumber', 'motherboardserialnumber'],
  ...['chassisserialnumber', 'chassismanufacturer', 'serialnumber', 'serial', 'partnumber', 'productserialnumber'],
  ...[
    'assettag',
    'systemassettag',
    'baseboardassettag',
    'chassisassettag',
    'noassettag',
    'noassetinformation',
    'noasset',
  ],
  ...['type1productconfigid', 'type1family', 'type2boardserialnumber', 'type3chassisserialnumber'],
  // What stands where there is nothing.
  ...['none', 'null', 'nil', 'na', 'nan', 'unknown', 'undefined', 'unspecified', 'notspecified', 'notavailable'],
  ...[
    'notapplicable',
    'notdefined',
    'notset',
    'notsettable',
    'notpresent',
    'notprovided',
    'noserial',
    'noserialnumber',
  ],
  ...['invalid', 'empty', 'blank', 'badindex', 'outofspec', 'reserved', 'uninitialized', 'nodimm', 'nomodule'],
]);

/** AMI's memory slots: `SerNum0`, `A1_SerNum00`, `Array1_PartNumber0`, `AssetTagNum3`, `Manufacturer00`. */
const NUMBERED =
  /^(?:array|dimm|[a-z])?\d*(?:sernum|serialnumber|partnum|partnumber|assettagnum|assettag|manufacturer)\d*$/;

/** UUIDs without their dashes, in the byte order that dmidecode shows. */
const JUNK_UUIDS: ReadonlySet<string> = new Set([
  // AMI's default, on boards of many makers.
  '03000200040005000006000700080009',
  // Supermicro's and Intel's before they are filled in.
  '000102030405060708090a0b0c0d0e0f',
  '12345678123456789012123456789012',
  '123456781234567890abcddeefaabbcc',
  // Dell's when the board has no service tag: "DELL", then blanks.
  '4c4c454400002010802080c04f202020',
  'deadbeefdeadbeefdeadbeefdeadbeef',
]);

/** Digits that only count: 0123456789, 123456, 123456789ABCDEF, 01234567890123456789. */
const COUNTING = ['0123456789', '1234567890', '0123456789abcdef', '123456789abcdef', '1234567890abcdef'].map((digits) =>
  digits.repeat(16),
);
/** Whether a serial number, asset tag or UUID tells nothing about which machine it is. */
export function isJunk(value: string): boolean {
  const plain = value.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  if (plain.length < 2 || JUNK.has(plain) || NUMBERED.test(plain)) return true;
  // 0000, FFFF, xxxxxxx; fefefefe.
  if (/^(.)\1*$/u.test(plain) || /^(..)\1{3,}.?$/u.test(plain)) return true;
  // ASUS writes `Asset-1234567890`.
  const counted = plain.replace(/^(?:asset|sn|serial)/, '');
  if (counted.length > 3 && COUNTING.some((run) => run.startsWith(counted))) return true;
  return plain.length === 32 && (JUNK_UUIDS.has(plain) || JUNK_UUIDS.has(otherByteOrder(plain)));
}

/**
 * The same UUID in the other byte order. SMBIOS 2.6 (section 7.2.1) has the first three fields with the least significant
 * byte first; firmware before it, and some after, has all of them in the order of RFC 4122. So one machine can be told
 * with either: by the kernel, which goes by the version, by iPXE, and in option 97 of DHCP.
 * @param digits 32 hexadecimal digits
 */
export function otherByteOrder(digits: string): string {
  const swapped = (from: number, to: number): string => (digits.slice(from, to).match(/../g) ?? []).reverse().join('');
  return `${swapped(0, 8)}${swapped(8, 12)}${swapped(12, 16)}${digits.slice(16)}`;
}
