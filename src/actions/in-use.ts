/** Whether somebody uses a disk, told from what the kernel says in /proc and /sys. Pure. */

/** A disk or partition: `vda1`, its number (`253:1`), and what was built on it (`dm-0`, `md127`). */
export type BlockDevice = { name: string; number: string; holders: readonly string[] };

/** The paths in mountinfo and swaps have blanks as octal escapes (proc(5)). */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * Why these devices (a disk and its partitions) cannot be written, one sentence each; empty when nothing is known.
 * `mountinfo` is in the form of /proc/PID/mountinfo, `swaps` in that of /proc/swaps.
 */
export function usesOf(devices: readonly BlockDevice[], mountinfo: string, swaps: string): string[] {
  const uses = new Set<string>();
  for (const line of mountinfo.split('\n')) {
    // 36 35 98:0 /root /mnt rw,noatime shared:1 - ext4 /dev/sda1 rw
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , number, , where = ''] = before.split(' ');
    const source = unescaped(after.split(' ')[1] ?? '');
    // btrfs and others have numbers of their own, so the source counts too.
    const found = devices.find((device) => device.number === number || `/dev/${device.name}` === source);
    if (found !== undefined) uses.add(`/dev/${found.name} is mounted at ${unescaped(where)}`);
  }
  for (const line of swaps.split('\n').slice(1)) {
    const path = unescaped(line.split(/\s/)[0] ?? '');
    const found = devices.find(({ name }) => path === `/dev/${name}`);
    if (found !== undefined) uses.add(`/dev/${found.name} is in use as swap`);
  }
  for (const { name, holders } of devices) {
    for (const holder of holders) uses.add(`/dev/${name} is part of /dev/${holder}`);
  }
  return [...uses];
}
