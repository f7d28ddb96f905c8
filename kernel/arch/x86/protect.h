/*
 * W^X, once the boot code has run.
 */
#ifndef X86_PROTECT_H
#define X86_PROTECT_H

/* => CPU 0 alone runs, and nothing of .init runs any more */
void protect_kernel_image(void);

#endif
