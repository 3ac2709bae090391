#ifndef RELM_STATUS_H
#define RELM_STATUS_H

/* What a kernel reports to its caller. Only the ffi_*.c files turn a status
   into an R error. */
typedef enum {
    STATUS_OK = 0,
    STATUS_INTERRUPTED,
    STATUS_NOT_POSITIVE_DEFINITE,
    STATUS_NOT_FINITE
} status_t;

#define RETURN_IF_FAILED(call)                                               \
    do {                                                                     \
        status_t status_ = (call);                                           \
        if (status_ != STATUS_OK) return status_;                            \
    } while (0)

#endif
