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
 * Takes a connection out of the HTTP server's hands, for a response that stays open for hours: of 19 kB that node:http
 * holds for each, 12 are its parser, request and response. To be called outside of the parser's own callbacks. Node does
 * the same where a connection is upgraded, and where it is handed to another process; there is no public way for others.
 */
export function bareSocket(res: ServerResponse): Socket | undefined {
  const socket: HttpSocket | null = res.socket;
  if (socket === null || socket.destroyed) return undefined;
  const { parser } = socket;
  res.detachSocket(socket);
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
  socket.allowHalfOpen = false; // a client that ends its side has gone
  return socket;
}
