import { test } from 'node:test';
import { assertDocumented } from './firmware-table.ts';
import { installInLab } from './install.ts';

test('a machine with BIOS firmware goes from power-on to its installed system', {
  timeout: 800_000,
}, async (context) => {
  await installInLab(context, []);
  assertDocumented('bios', 'reservation', import.meta.url);
});
