/** Fetches a boot file as firmware does: its size, and its first bytes. */
import { fetchHttp } from './fetch-http.ts';
import { fetchTftp } from './fetch-tftp.ts';
import type { Place } from './select.ts';

/** What became of it. */
export type Fetched =
  | { ok: true; bytes: number; ms: number; head: Buffer; options?: string; contentType?: string }
  | { ok: false; why: string };

/** From where it is asked. */
export interface From {
  interface: string;
  address: string;
}

/** Never rejects. */
export function fetchFile(place: Place, from: From): Promise<Fetched> {
  switch (place.protocol) {
    case 'tftp':
      return fetchTftp(place, from);
    case 'http':
      return fetchHttp(place.url, from);
    case 'other': {
      const why = 'it is of a protocol, or has settings of iPXE, that are not looked into';
      return Promise.resolve({ ok: false, why });
    }
  }
}
