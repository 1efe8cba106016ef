/** What is made for one machine, as TFTP files. */
import type { Texts } from '../texts.ts';
import { parseName, type TftpFiles } from './files.ts';

/**
 * The texts of a client's machine. A first folder that is a MAC address is taken off where nothing has the whole name.
 *
 * @param serverUrl the URL by which a machine with this address reaches us
 */
export function textFiles(texts: Pick<Texts, 'find'>, serverUrl: (address: string) => string): TftpFiles {
  return async (name, { address }) => {
    const asking = { address, server: serverUrl(address), administrator: false, preview: false };
    const { path, mac } = parseName(name);
    const whole = await texts.find(name, asking);
    const isFound = whole.kind === 'text' || (whole.kind === 'refused' && whole.reason !== 'no-such-text');
    const answer = mac === undefined || isFound ? whole : await texts.find(path, asking);
    switch (answer.kind) {
      case 'text': {
        const buffer = Buffer.from(answer.text);
        return { found: { size: buffer.length, buffer } };
      }
      case 'refused':
        return { refused: REFUSALS[answer.reason], sentence: answer.error.message };
      case 'none':
        return { refused: 'not-found', sentence: `there is no text ${JSON.stringify(path)} for ${address}` };
    }
  };
}

const REFUSALS = {
  'not-this-machine': 'not-allowed',
  template: 'template',
  'no-such-text': 'not-found',
} as const;
