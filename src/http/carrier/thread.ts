/** The carrier's thread: its entry when started from the sources, and, bundled, in the executable. */
import { parentPort, workerData } from 'node:worker_threads';
import { startCarrier } from './carrier.ts';
import type { Address, CarrierSettings, FromCarrier, ToCarrier } from './messages.ts';

const main = parentPort;
if (main === null) throw new Error('The carrier runs as a worker thread only.');
const post = (message: FromCarrier): void => main.postMessage(message);

startCarrier(workerData as CarrierSettings, post).then(
  (carrier) => {
    main.on('message', async (message: ToCarrier) => {
      switch (message.kind) {
        case 'tell':
          carrier.held.tell(message.ids, message.text);
          break;
        case 'end':
          carrier.held.end(message.ids);
          break;
        case 'answers':
          carrier.direct.answer(message.answers);
          break;
        case 'renew':
          carrier.renew(message.tls);
          break;
        case 'stop':
          await carrier.stop(message.graceMs);
          post({ kind: 'stopped' });
          main.close();
          break;
      }
    });
    post({ kind: 'bound', bound: carrier.bound, withoutZeroCopy: carrier.withoutZeroCopy });
  },
  (error: NodeJS.ErrnoException & { address: Address }) => {
    post({ kind: 'failed', code: error.code ?? '', message: error.message, address: error.address });
  },
);
