// What _sys.Worker needs of _tls: the session behind a Python object.
#ifndef RST_BINDINGS_TLS_H
#define RST_BINDINGS_TLS_H

#include "py/obj.h"

#include "../tls/session.h"

// Raises TypeError if it is none, OSError if it is closed.
rst_tls *rst_tls_of(mp_obj_t value);

#endif
