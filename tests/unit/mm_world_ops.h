/*
 * What the parts of the model share: mm_world.c (choices, objects, pages, looking),
 * mm_world_areas.c (calls that change areas) and mm_world_use.c (accesses, processes,
 * files, reclaim).
 */
#ifndef MM_WORLD_OPS_H
#define MM_WORLD_OPS_H

#include "arch/sim/sim.h"
#include "mm/virt.h"
#include "mm_oracle.h"
#include "mm_world.h"

#define VM_MAYALL (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define must oracle_must

/* Pages of the window. */
struct range {
	unsigned from, n;
	uaddr_t addr;
	u32 len;
};

u32 pick(struct world *w, u32 n);
bool one_in(struct world *w, u32 n);
u32 pick_value(struct world *w);
uaddr_t addr_of(const struct world *w, unsigned page);
struct range pick_range(struct world *w);
struct space *here(struct world *w);
struct cell *cell_at(struct world *w, unsigned page);
u32 file_pages(const struct object *o);
void forget_objects(struct world *w);
int new_object(struct world *w, u32 pages, bool promised);
struct object *object_of(struct world *w, const struct cell *c);
bool has_page(struct world *w, const struct cell *c);
bool may_read(struct world *w, const struct cell *c);
bool may_write(struct world *w, const struct cell *c);
u32 *contents(struct world *w, struct cell *c);
void write_cell(struct world *w, struct cell *c, u32 value);
void copy_cell(struct world *w, struct cell *c);
void saw(struct world *w, struct cell *c, u32 value);
bool populate(struct world *w, unsigned from, unsigned n);
bool wants_populate(u32 flags);
void op_map(struct world *w);
void op_unmap(struct world *w);
void op_protect(struct world *w);
void op_lock(struct world *w);
void op_lock_all(struct world *w);
void op_advise(struct world *w);
void op_advise_populate(struct world *w);
void op_remap(struct world *w);
void op_remap_file_pages(struct world *w);
void op_brk(struct world *w);
void op_write(struct world *w);
void read_page_of(struct world *w, unsigned page);
void op_read(struct world *w);
void op_write_range(struct world *w);
void op_debug(struct world *w);
void op_pin(struct world *w);
void fork_cells(struct space *child, const struct space *parent);
void op_fork(struct world *w);
void op_switch(struct world *w);
void op_exit(struct world *w);
void op_truncate(struct world *w);
void op_punch(struct world *w);
void op_sync(struct world *w);
void op_msync(struct world *w);
void op_incore(struct world *w);
void op_file_io(struct world *w);
void op_reclaim(struct world *w);

#endif
