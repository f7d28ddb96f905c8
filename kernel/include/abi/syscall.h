/* The gate's table: abi/ fills in what arch/ dispatches through. */
#ifndef ABI_SYSCALL_H
#define ABI_SYSCALL_H

/* Boot: publish the table to the machine's entry code. */
void syscall_init(void);

#endif
