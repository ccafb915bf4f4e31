// SPDX-License-Identifier: GPL-2.0
/*
 * Session affinity; see affinity.h.
 *
 * Packets read the table under RCU. They add pins, under the table's lock of one
 * bucket, and change them in place: @last is a word of its own, and where a pin leads
 * is guarded by its @seq, odd while somebody writes. Nobody waits for that; a reader
 * takes the pin for none, another writer leaves it to the first.
 *
 * Only the sweep takes pins away, and frees them after a grace period. It waits as a
 * deferrable work as long as there are pins, so it wakes no idle CPU, and not at all
 * without. A pin that a packet renews in the moment it is swept is lost; one next to
 * where the sweep drew breath may have to wait for the next one.
 *
 * Pins come from packets, so they are not charged to anyone; they are bounded.
 */

#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/ktime.h>

#include "affinity.h"
#include "pick.h"
#include "service.h"
#include "uapi/svcnat.h"

#define SWEEP_INTERVAL	(10 * HZ)
#define SWEEP_SLICE	4096

/**
 * struct pin_key - what a pin is found by
 * @owner: of the service
 * @dead: of a pin that was taken off the table: the next such one
 * @src: the source as received
 */
struct pin_key {
	union {
		struct svcnat_pin_owner	*owner;
		struct pin		*dead;
	};
	union nf_inet_addr	src;
};

/**
 * struct pin - a source and where it is sent
 * @node: in the table
 * @key: whose it is
 * @addr: of the backend, see @seq
 * @seq: odd while @addr and @port are being written
 * @last: its last use, in seconds of the monotonic clock
 * @port: of the backend, see @seq
 * @term: of the owner, when it was last used
 */
struct pin {
	struct rhash_head	node;
	struct pin_key		key;
	union nf_inet_addr	addr;
	u32			seq;
	u32			last;
	__be16			port;
	u16			term;
};

static_assert(sizeof(struct pin) <= 64);

/* Whoever chooses sources must not choose chains. */
static siphash_aligned_key_t pin_hash_key __read_mostly;

static u32 pin_hash(const void *key, u32 len, u32 seed)
{
	siphash_key_t seeded = pin_hash_key;

	seeded.key[0] ^= seed;
	return siphash(key, len, &seeded);
}

static int pin_compare(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct pin_key *key = arg->key;
	const struct pin *pin = obj;

	return READ_ONCE(pin->key.owner) != key->owner ||
	       !nf_inet_addr_cmp(&pin->key.src, &key->src);
}

static const struct rhashtable_params pin_params = {
	.head_offset = offsetof(struct pin, node),
	.key_offset = offsetof(struct pin, key),
	.key_len = sizeof(struct pin_key),
	.hashfn = pin_hash,
	.obj_cmpfn = pin_compare,
	.max_size = SVCNAT_PINS_MAX,
	.automatic_shrinking = true,
};

static u32 seconds_now(void)
{
	return ktime_get_seconds();
}

/* Another CPU may have seen the next second already. */
static bool is_over(const struct pin *pin, const struct svcnat_pin_owner *owner, u32 seconds)
{
	return READ_ONCE(pin->term) != READ_ONCE(owner->term) ||
	       (s32)(seconds_now() - READ_ONCE(pin->last)) > (s32)seconds;
}

static void owner_put(struct svcnat_pin_owner *owner)
{
	if (atomic_dec_and_test(&owner->n))
		kfree(owner);
}

/* Takes pins that are over off the table, puts them on a list; false at its end. */
static bool sweep_slice(struct svcnat_pins *pins, struct rhashtable_iter *iter,
			struct pin **dead)
{
	struct pin *pin = NULL;
	u32 i;

	rhashtable_walk_start(iter);
	for (i = 0; i < SWEEP_SLICE; i++) {
		struct svcnat_pin_owner *owner;

		pin = rhashtable_walk_next(iter);
		if (!pin)
			break;
		/* The table is being resized: it begins anew. */
		if (IS_ERR(pin))
			continue;
		owner = pin->key.owner;
		if (!READ_ONCE(owner->gone) &&
		    !is_over(pin, owner, READ_ONCE(owner->seconds)))
			continue;
		if (rhashtable_remove_fast(&pins->table, &pin->node, pin_params))
			continue;
		owner_put(owner);
		WRITE_ONCE(pin->key.dead, *dead);
		*dead = pin;
	}
	rhashtable_walk_stop(iter);
	return pin;
}

static void bury(struct svcnat_pins *pins, struct pin *dead)
{
	struct pin *next;

	if (!dead)
		return;
	synchronize_rcu();
	for (; dead; dead = next) {
		next = dead->key.dead;
		kfree(dead);
		atomic_dec(&pins->n);
	}
}

static void sweep_arm(struct svcnat_pins *pins)
{
	schedule_delayed_work(&pins->sweep, SWEEP_INTERVAL);
}

static void sweep(struct work_struct *work)
{
	struct svcnat_pins *pins = container_of(to_delayed_work(work), struct svcnat_pins, sweep);
	struct rhashtable_iter iter;
	struct pin *dead;
	bool more;

	rhashtable_walk_enter(&pins->table, &iter);
	do {
		dead = NULL;
		more = sweep_slice(pins, &iter, &dead);
		bury(pins, dead);
		cond_resched();
	} while (more);
	rhashtable_walk_exit(&iter);
	if (svcnat_pins_count(pins))
		sweep_arm(pins);
}

/**
 * svcnat_pins_init - no pins, and no memory
 * @pins: of a new namespace
 */
void svcnat_pins_init(struct svcnat_pins *pins)
{
	pins->ready = false;
	atomic_set(&pins->n, 0);
	INIT_DEFERRABLE_WORK(&pins->sweep, sweep);
}

static void pin_destroy(void *pin, void *pins)
{
	owner_put(((struct pin *)pin)->key.owner);
	kfree(pin);
	atomic_dec(&((struct svcnat_pins *)pins)->n);
}

/**
 * svcnat_pins_destroy - forget all
 * @pins: that packets cannot see any more. May sleep
 *
 * The services may be gone or not.
 */
void svcnat_pins_destroy(struct svcnat_pins *pins)
{
	if (!pins->ready)
		return;
	cancel_delayed_work_sync(&pins->sweep);
	rhashtable_free_and_destroy(&pins->table, pin_destroy, pins);
	pins->ready = false;
}

/**
 * svcnat_pins_count - sources pinned
 * @pins: of a namespace
 *
 * Return: their number. Any context.
 */
u32 svcnat_pins_count(const struct svcnat_pins *pins)
{
	return atomic_read(&pins->n);
}

/* Does a service keep affinity at present. A writer asks, so its set stays. */
static bool asks(const struct svcnat_service *svc)
{
	const struct svcnat_set *set = svc->set;

	return set && set->settings.affinity_seconds;
}

/**
 * svcnat_pins_prepare - make ready for a service that asks for affinity
 * @pins: of the namespace, its mutex held
 * @svc: service; packets may see it, but not its first set with affinity yet
 *
 * If it is ready, its pins go on if it asked until now. To be undone by
 * svcnat_pins_leave() only. May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_pins_prepare(struct svcnat_pins *pins, struct svcnat_service *svc)
{
	struct svcnat_pin_owner *owner = svc->pin_owner;
	int err;

	if (owner) {
		if (!asks(svc))
			WRITE_ONCE(owner->term, owner->term + 1);
		return 0;
	}
	if (!pins->ready) {
		get_random_once(&pin_hash_key, sizeof(pin_hash_key));
		err = rhashtable_init(&pins->table, &pin_params);
		if (err)
			return err;
		pins->ready = true;
	}
	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return -ENOMEM;
	atomic_set(&owner->n, 1);
	smp_store_release(&svc->pin_owner, owner);	/* pairs with owner_of() */
	return 0;
}

/**
 * svcnat_pins_leave - a service goes, and its pins with it
 * @svc: service that packets cannot see any more, or never saw
 */
void svcnat_pins_leave(struct svcnat_service *svc)
{
	struct svcnat_pin_owner *owner = svc->pin_owner;

	if (!owner)
		return;
	svc->pin_owner = NULL;
	WRITE_ONCE(owner->gone, true);
	owner_put(owner);
}

/* Also says that the table is there. */
static struct svcnat_pin_owner *owner_of(const struct svcnat_service *svc)
{
	return smp_load_acquire(&svc->pin_owner);	/* pairs with svcnat_pins_prepare() */
}

static struct pin *pin_lookup(struct svcnat_pins *pins, struct svcnat_pin_owner *owner,
			      const union nf_inet_addr *src)
{
	struct pin_key key = { .owner = owner, .src = *src };

	return rhashtable_lookup(&pins->table, &key, pin_params);
}

/* Where it leads; false if somebody is just changing that. */
static bool pin_read(const struct pin *pin, union nf_inet_addr *addr, __be16 *port)
{
	u32 seq = smp_load_acquire(&pin->seq);	/* pairs with pin_point() */
	int i;

	for (i = 0; i < ARRAY_SIZE(addr->all); i++)
		addr->all[i] = READ_ONCE(pin->addr.all[i]);
	*port = READ_ONCE(pin->port);
	smp_rmb();	/* pairs with cmpxchg() in pin_point() */
	return !(seq & 1) && READ_ONCE(pin->seq) == seq;
}

static bool pin_leads_to(const struct pin *pin, const struct svcnat_backend *b)
{
	union nf_inet_addr addr;
	__be16 port;

	return pin_read(pin, &addr, &port) && svcnat_backend_is(b, &addr, port);
}

static void pin_point(struct pin *pin, const struct svcnat_backend *b)
{
	const union nf_inet_addr addr = svcnat_backend_addr(b);
	u32 seq = READ_ONCE(pin->seq);
	int i;

	preempt_disable();
	if (!(seq & 1) && cmpxchg(&pin->seq, seq, seq + 1) == seq) {
		for (i = 0; i < ARRAY_SIZE(pin->addr.all); i++)
			WRITE_ONCE(pin->addr.all[i], addr.all[i]);
		WRITE_ONCE(pin->port, b->port);
		smp_store_release(&pin->seq, seq + 2);	/* pairs with pin_read() */
	}
	preempt_enable();
}

static void pin_renew(struct pin *pin, const struct svcnat_pin_owner *owner,
		      const struct svcnat_backend *b)
{
	u32 now = seconds_now();
	u16 term = READ_ONCE(owner->term);

	if (!pin_leads_to(pin, b))
		pin_point(pin, b);
	if (READ_ONCE(pin->last) != now)
		WRITE_ONCE(pin->last, now);
	if (READ_ONCE(pin->term) != term)
		WRITE_ONCE(pin->term, term);
}

static struct pin *pin_alloc(struct svcnat_pin_owner *owner, const union nf_inet_addr *src,
			     const struct svcnat_backend *b)
{
	struct pin *pin = kmalloc(sizeof(*pin), GFP_ATOMIC | __GFP_NOWARN);

	if (pin)
		*pin = (struct pin) {
			.key = { .owner = owner, .src = *src },
			.addr = svcnat_backend_addr(b),
			.port = b->port,
			.last = seconds_now(),
			.term = READ_ONCE(owner->term),
		};
	return pin;
}

/* Room is counted already. False if it is not needed: another CPU was first, or an error. */
static bool pin_insert(struct svcnat_pins *pins, struct svcnat_pin_owner *owner,
		       const union nf_inet_addr *src, const struct svcnat_backend *b,
		       struct pin **old)
{
	struct pin *pin = pin_alloc(owner, src, b);

	*old = NULL;
	if (!pin)
		return false;
	*old = rhashtable_lookup_get_insert_fast(&pins->table, &pin->node, pin_params);
	if (!*old)
		return true;
	kfree(pin);
	if (IS_ERR(*old))
		*old = NULL;
	return false;
}

static bool pin_add(struct svcnat_pins *pins, struct svcnat_pin_owner *owner,
		    const union nf_inet_addr *src, const struct svcnat_backend *b)
{
	struct pin *old;

	if (!atomic_add_unless(&pins->n, 1, SVCNAT_PINS_MAX))
		return false;
	if (!atomic_add_unless(&owner->n, 1, SVCNAT_PINS_SERVICE_MAX + 1)) {
		atomic_dec(&pins->n);
		return false;
	}
	if (pin_insert(pins, owner, src, b, &old)) {
		/* Counted before it looks, as the work counts after it began. */
		if (!delayed_work_pending(&pins->sweep))
			sweep_arm(pins);
		return true;
	}
	owner_put(owner);
	atomic_dec(&pins->n);
	if (!old)
		return false;
	pin_renew(old, owner, b);
	return true;
}

/**
 * svcnat_pin_find - where affinity sends a source
 * @pins: of the namespace
 * @svc: service
 * @set: its set
 * @local: policy Local
 * @src: source as received
 *
 * Return: a backend of the policy that may be picked, as long as the set is good, or
 * NULL: pick one and pin it. Softirq or process context, under RCU.
 */
struct svcnat_backend *svcnat_pin_find(struct svcnat_pins *pins, const struct svcnat_service *svc,
				       const struct svcnat_set *set, bool local,
				       const union nf_inet_addr *src)
{
	struct svcnat_pin_owner *owner = owner_of(svc);
	union nf_inet_addr addr;
	struct svcnat_backend *b;
	struct pin *pin;
	__be16 port;
	u32 i;

	pin = owner ? pin_lookup(pins, owner, src) : NULL;
	if (!pin || is_over(pin, owner, set->settings.affinity_seconds) ||
	    !pin_read(pin, &addr, &port))
		return NULL;
	b = svcnat_set_find(set, &addr, port, &i);
	if (!b || i - svcnat_set_start(set, local) >= svcnat_set_count(set, local))
		return NULL;
	return svcnat_pick_may(b) ? b : NULL;
}

/**
 * svcnat_pin_set - pin a source to a backend, or once more, or to another one
 * @pins: of the namespace
 * @svc: service
 * @src: source as received
 * @b: backend it was sent to
 * @seconds: &svcnat_settings.affinity_seconds
 *
 * Return: false if there is no room. Softirq or process context, under RCU.
 */
bool svcnat_pin_set(struct svcnat_pins *pins, struct svcnat_service *svc,
		    const union nf_inet_addr *src, const struct svcnat_backend *b, u32 seconds)
{
	struct svcnat_pin_owner *owner = owner_of(svc);
	struct pin *pin;

	if (!owner)
		return false;
	if (READ_ONCE(owner->seconds) != seconds)
		WRITE_ONCE(owner->seconds, seconds);
	pin = pin_lookup(pins, owner, src);
	if (!pin)
		return pin_add(pins, owner, src, b);
	pin_renew(pin, owner, b);
	return true;
}
