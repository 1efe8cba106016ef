/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), the reading side. */
import { StringDecoder } from 'node:string_decoder';

export interface ServerSentEvent {
  id?: string;
  event: string;
  data: string;
}

/** Takes a stream apart as it comes in: give it chunks, get the events that are complete. */
export class EventStreamParser {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #id: string | undefined;
  #event = '';
  #data: string[] = [];

  feed(chunk: Buffer): ServerSentEvent[] {
    const lines = (this.#rest + this.#decoder.write(chunk)).split(/\r\n|\n|\r(?=.)/s);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const complete =
      this.#data.length > 0
        ? { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') }
        : undefined;
    this.#event = '';
    this.#data = [];
    return complete;
  }
}
