/** The certificate of the gRPC server, which can be another one while the server runs. */
import { ServerCredentials } from '@grpc/grpc-js';
import type { TlsPair } from '../../http/index.ts';

/** TLS with one certificate, until there is another. Connections that are open keep theirs. */
export class RenewableCredentials extends ServerCredentials {
  constructor({ certificate, key }: TlsPair) {
    super({}, { cert: certificate, key });
  }

  renew({ certificate, key }: TlsPair): void {
    this.updateSecureContextOptions({ cert: certificate, key });
  }

  _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}
