import { test } from 'node:test';
import { installInLab } from './install.ts';

test('a machine with BIOS firmware goes from power-on to its installed system', { timeout: 480_000 }, (context) =>
  installInLab(context, []),
);
