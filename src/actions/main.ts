/** `tinsmith action NAME` as a process. */
import { runAction } from './index.ts';

void runAction(process.argv[3] ?? '').then((code) => {
  process.exitCode = code;
});
