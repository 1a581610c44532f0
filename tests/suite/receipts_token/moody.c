/* A PKCS #11 module with moods, in front of SoftHSM: what files of a folder say, it does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long (*call)();
/* CK_FUNCTION_LIST of PKCS #11 2.40: a version, then the functions in the standard's order. */
static struct { unsigned char version[2]; call of[68]; } own, *real;
enum { GET_SLOT_LIST = 4, GET_TOKEN_INFO = 6, OPEN_SESSION = 12, CLOSE_ALL_SESSIONS = 14, LOGIN = 18, SIGN = 43 };
enum { CKR_DEVICE_REMOVED = 0x32, CKR_TOKEN_NOT_PRESENT = 0xE0, CKF_USER_PIN_FINAL_TRY = 0x20000 };
/* Where the flags stand in CK_TOKEN_INFO. */
enum { FLAGS = 96 };
static unsigned long slot;
/* Threads that called and are not gone, and what each has of the module. */
static int threads;
static pthread_key_t kept;

static int in_mood(const char *mood)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("MOODS"), mood);
    return access(path, F_OK) == 0;
}

static void count(void)
{
    if (!pthread_getspecific(kept) && !pthread_setspecific(kept, &kept))
        __atomic_add_fetch(&threads, 1, __ATOMIC_SEQ_CST);
}

static void forget(void *of)
{
    (void)of;
    if (in_mood("lingers"))
        usleep(100000);
    __atomic_sub_fetch(&threads, 1, __ATOMIC_SEQ_CST);
}

/* A real module may find itself taken apart under a thread that is there yet. */
__attribute__((destructor)) static void end(void)
{
    if (__atomic_load_n(&threads, __ATOMIC_SEQ_CST) && in_mood("lingers"))
        abort();
}

static unsigned long get_token_info(unsigned long of, void *info)
{
    if (in_mood("gone"))
        return CKR_TOKEN_NOT_PRESENT;
    unsigned long came = real->of[GET_TOKEN_INFO](of, info);
    unsigned long flags;
    memcpy(&flags, (char *)info + FLAGS, sizeof flags);
    if (in_mood("final-try"))
        flags |= CKF_USER_PIN_FINAL_TRY;
    memcpy((char *)info + FLAGS, &flags, sizeof flags);
    return came;
}

static unsigned long open_session(unsigned long in, unsigned long flags, void *app, void *notify, void *session)
{
    slot = in;
    count();
    return in_mood("gone") ? CKR_TOKEN_NOT_PRESENT : real->of[OPEN_SESSION](in, flags, app, notify, session);
}

static unsigned long login(unsigned long session, unsigned long user, void *pin, unsigned long length)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/logins", getenv("MOODS"));
    FILE *log = fopen(path, "a");
    if (log) {
        fputs("login\n", log);
        fclose(log);
    }
    return real->of[LOGIN](session, user, pin, length);
}

static unsigned long sign(unsigned long session, void *data, unsigned long length, void *value, void *room)
{
    count();
    while (in_mood("hangs"))
        usleep(1000);
    if (in_mood("slow") && value)
        usleep(10000);
    if (in_mood("gone")) {
        /* With a token its sessions and logins go. */
        real->of[CLOSE_ALL_SESSIONS](slot);
        return CKR_DEVICE_REMOVED;
    }
    return real->of[SIGN](session, data, length, value, room);
}

unsigned long C_GetFunctionList(void **list)
{
    void *library = dlopen(getenv("SOFTHSM"), RTLD_NOW | RTLD_LOCAL);
    unsigned long (*get)(void *) = library ? dlsym(library, "C_GetFunctionList") : NULL;
    if (!get || get(&real) || pthread_key_create(&kept, forget))
        return 5;
    memcpy(&own, real, sizeof own);
    own.of[GET_TOKEN_INFO] = get_token_info;
    own.of[OPEN_SESSION] = open_session;
    own.of[LOGIN] = login;
    own.of[SIGN] = sign;
    *list = &own;
    return 0;
}
