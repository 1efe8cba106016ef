// `tinsmith doctor --client` inside a network namespace of a test.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { BootView } from '../../src/doctor/client/index.ts';
import type { TestNetwork } from './dhcp-network.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** What firmware is given on an interface, by the name of the firmware; and the exit code. */
export async function played(
  network: TestNetwork,
  namespace: string,
  device: string,
  ...flags: string[]
): Promise<{ boots: Record<string, BootView>; code: number }> {
  const words = [MAIN, 'doctor', '--client', device, '--output', 'json', ...flags];
  // Its exit code says what it found.
  const script = '"$@"; echo "exit $?"';
  const said = await network.run(namespace, 'sh', '-c', script, 'sh', process.execPath, ...words);
  const [, json = '', code] = /^(\{.*\})\nexit (\d+)$/m.exec(said) ?? assert.fail(said);
  const { data } = JSON.parse(json) as { data: BootView[] };
  return { boots: Object.fromEntries(data.map((boot) => [boot.firmware, boot])), code: Number(code) };
}
