import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What node:http keeps at a connection's socket (lib/_http_server.js, lib/_http_common.js of Node 24, pinned). */
type HttpSocket = Socket & { parser?: HttpParser | null };
type HttpParser = {
  _consumed?: boolean;
  unconsume?(): void;
  remove?(): void;
  close?(): void;
  socket: unknown;
  incoming: unknown;
  outgoing: unknown;
};

/**
 * Takes a connection out of the HTTP server's hands, with the response under way on it, for one that stays open for hours:
 * of 19 kB that node:http holds for each, 12 are its parser, request and response.
 */
export function bareSocketOf(res: ServerResponse): Socket | undefined {
  const { socket } = res;
  if (socket === null || socket.destroyed) return undefined;
  res.detachSocket(socket);
  makeBare(socket);
  socket.allowHalfOpen = false; // a client that ends its side has gone
  return socket;
}

/**
 * Takes a connection without a response under way out of the HTTP server's hands. What its parser has read of a request
 * is lost. To be called outside of the parser's own callbacks. Node does the same where a connection is upgraded, and where
 * it is handed to another process; there is no public way for others.
 */
export function makeBare(socket: HttpSocket): void {
  const { parser } = socket;
  socket.removeAllListeners();
  // node:http watches who reads the socket.
  for (const name of ['on', 'addListener', 'prependListener']) Reflect.deleteProperty(socket, name);
  if (parser) {
    if (parser._consumed) parser.unconsume?.();
    parser._consumed = false;
    parser.remove?.();
    Object.assign(parser, { socket: null, incoming: null, outgoing: null });
    parser.close?.();
    socket.parser = null;
  }
  socket.setTimeout(0);
}
