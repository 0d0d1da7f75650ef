#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static const double four_pi_squared = 39.47841760435743;
static const double days = 365.24;

static void set(struct body *b, double x, double y, double z, double vx, double vy, double vz, double mass) {
    *b = (struct body){x, y, z, vx * days, vy * days, vz * days, mass * four_pi_squared};
}

static void offset_momentum(struct body *restrict bodies) {
    double px = 0, py = 0, pz = 0;
    for (size_t i = 0; i < 5; i++) {
        px += bodies[i].vx * bodies[i].mass;
        py += bodies[i].vy * bodies[i].mass;
        pz += bodies[i].vz * bodies[i].mass;
    }
    bodies[0].vx = -(px / four_pi_squared);
    bodies[0].vy = -(py / four_pi_squared);
    bodies[0].vz = -(pz / four_pi_squared);
}

static double energy(const struct body *restrict bodies) {
    double e = 0;
    for (size_t i = 0; i < 5; i++) {
        const struct body *b = &bodies[i];
        e += 0.5 * (b->mass * (b->vx * b->vx + b->vy * b->vy + b->vz * b->vz));
        for (size_t j = i + 1; j < 5; j++) {
            double dx = b->x - bodies[j].x, dy = b->y - bodies[j].y, dz = b->z - bodies[j].z;
            e -= b->mass * bodies[j].mass / sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return e;
}

static void advance(struct body *restrict bodies, double dt) {
    for (size_t i = 0; i < 5; i++) {
        struct body *b = &bodies[i];
        for (size_t j = i + 1; j < 5; j++) {
            struct body *c = &bodies[j];
            double dx = b->x - c->x, dy = b->y - c->y, dz = b->z - c->z;
            double d2 = dx * dx + dy * dy + dz * dz;
            double mag = dt / (d2 * sqrt(d2));
            double to = c->mass * mag, from = b->mass * mag;
            b->vx -= dx * to;
            b->vy -= dy * to;
            b->vz -= dz * to;
            c->vx += dx * from;
            c->vy += dy * from;
            c->vz += dz * from;
        }
    }
    for (size_t i = 0; i < 5; i++) {
        bodies[i].x += dt * bodies[i].vx;
        bodies[i].y += dt * bodies[i].vy;
        bodies[i].z += dt * bodies[i].vz;
    }
}

int main(int argc, char **argv) {
    struct body bodies[5];
    set(&bodies[0], 0, 0, 0, 0, 0, 0, 1);
    set(&bodies[1], 4.84143144246472090, -1.16032004402742839, -0.103622044471123109, 0.00166007664274403694,
        0.00769901118419740425, -0.0000690460016972063023, 0.000954791938424326609);
    set(&bodies[2], 8.34336671824457987, 4.12479856412430479, -0.403523417114321381, -0.00276742510726411126,
        0.00499852801234917238, 0.0000230417297573763929, 0.000285885980666130812);
    set(&bodies[3], 12.8943695621391310, -15.1111514016986312, -0.223307578892655734, 0.00296460137564761618,
        0.00237847173959480950, -0.0000296589568540237556, 0.0000436624404335156298);
    set(&bodies[4], 15.3796971148509165, -25.9193146099879641, 0.179258772950371181, 0.00268067772490389322,
        0.00162824170038242295, -0.0000951592254519715870, 0.0000515138902046611451);
    offset_momentum(bodies);
    printf("%.9f\n", energy(bodies));
    int n = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 0; i < n; i++)
        advance(bodies, 0.01);
    printf("%.9f\n", energy(bodies));
    return 0;
}
