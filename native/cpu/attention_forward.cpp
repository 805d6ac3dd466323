// Attention forward: a tile of queries against all tiles of keys it sees, with the running maximum and sum of the softmax
// (FlashAttention-2, Dao 2023, algorithm 1). Workspace per thread: 4 tiles of 128 x head_dim
// values and one of 128 x 128.
#include "attention.h"

OTTAVA_CPU_BEGIN

namespace {

constexpr int query_tile = 128;
constexpr int key_tile = 128;
constexpr int64_t list_block = 64;  // queries and keys that a bit of a list stands for

template <class T>
struct Problem {
    T* out;
    float* log_sum_exp;
    const T *q, *k, *v;
    const uint32_t* blocks;  // may be null: those of keys for each block of queries, as bits
    int64_t batch, heads, kv_heads, head_dim, query_length, key_length, key_batch_pitch;
    float scale;
    int64_t query_pitch = heads * head_dim, head_pitch = head_dim;
    int64_t first_position = key_length - query_length;  // query i sees the keys up to first_position + i

    int64_t all_heads = heads, query_blocks = (query_length + list_block - 1) / list_block;
    bool folded = false;
    // Queries of a tile share a list; what is folded are heads, which have each their own.
    int64_t queries_of_tile() const { return blocks == nullptr ? query_tile : folded ? 1 : list_block; }

    // The heads of a group all see the same keys. Of a single query they are put in the place of queries that see all keys.
    void fold_group() {
        folded = true;
        first_position = key_length - 1;
        query_length = heads / kv_heads;
        heads = kv_heads;
        query_pitch = head_dim;
        head_pitch = query_length * head_dim;
    }
    int64_t group() const { return heads / kv_heads; }
    int64_t key_pitch() const { return kv_heads * head_dim; }
    int64_t query_offset(int64_t b, int64_t h, int64_t i) const {
        return b * query_length * heads * head_dim + i * query_pitch + h * head_pitch;
    }
    int64_t key_offset(int64_t b, int64_t h) const { return b * key_batch_pitch + h / group() * head_dim; }
    int64_t products() const { return batch * heads * query_length * key_length * head_dim; }
    // Whether the block of 64 keys from first_key on is listed for query i.
    bool lists(int64_t b, int64_t h, int64_t i, int64_t first_key) const {
        if (blocks == nullptr) return true;
        int64_t row = folded ? b * all_heads + h * query_length + i : (b * all_heads + h) * query_blocks + i / list_block;
        int64_t block = first_key / list_block;
        return (blocks[row * ((key_length + 32 * list_block - 1) / (32 * list_block)) + block / 32] >> block % 32 & 1) != 0;
    }
    int64_t keys_seen(int64_t i) const { return smaller(key_length, first_position + i + 1); }
};

// The buffers of one thread. Maxima are in units of log2, after scaling.
template <class E>
struct Buffers {
    E *queries, *keys, *values, *probabilities;
    float *scores, *out, *maximum, *sum, *factor;

    Buffers(Layout& layout, int64_t head_dim) {
        queries = layout.take<E>(head_dim * query_tile);
        keys = layout.take<E>(depth_pitch<E>(head_dim) * key_tile);
        values = layout.take<E>(head_dim * key_tile);
        scores = layout.take<float>(query_tile * key_tile);
        // Probabilities as floats take the place of the scores.
        probabilities = values_of<E> == 1 ? reinterpret_cast<E*>(scores) : layout.take<E>(query_tile * key_tile / 2);
        out = layout.take<float>(head_dim * query_tile);
        maximum = layout.take<float>(query_tile);
        sum = layout.take<float>(query_tile);
        factor = layout.take<float>(query_tile);
    }
};

// Scores of one tile become probabilities; updates the running maximum and sum and leaves the factor by which earlier sums shrink.
template <class E>
static void softmax(const Buffers<E>& buffers, int vectors, const Mask& mask, float scale) {
    constexpr int values = values_of<E>;
    for (int vector = 0; vector < vectors; vector++) {
        int column = vector * lanes;
        float* scores = buffers.scores + column;
        vec old_maximum = load_unaligned<vec>(buffers.maximum + column);
        int full = mask.full_rows(vector), end = static_cast<int>(round_up(mask.end_row(vector), values));
        vec m0 = old_maximum, m1 = old_maximum;
        int r = 0;
        for (; r + 2 <= full; r += 2) {
            m0 = maximum(load_unaligned<vec>(scores + r * query_tile) * scale, m0);
            m1 = maximum(load_unaligned<vec>(scores + (r + 1) * query_tile) * scale, m1);
        }
        if (r < full) m0 = maximum(load_unaligned<vec>(scores + r * query_tile) * scale, m0);
        ivec last = mask.last_rows(vector);
        for (r = full; r < end; r++) {
            // -inf times a negative scale would be +inf; a row that is not seen must weigh nothing whatever the scale.
            vec score = load_unaligned<vec>(scores + r * query_tile);
            vec seen = r <= last ? score * scale : splat(-INFINITY);
            m0 = maximum(seen, m0);
        }
        vec m = maximum(m0, m1);
        vec base = m > -INFINITY ? m : vec{};  // a query may have seen no listed key so far
        vec sum = vec{};
        auto probability = [&](int row) {
            vec p = exp2(load_unaligned<vec>(scores + row * query_tile) * scale - base);
            return row < full ? p : (vec)((row <= last) & (ivec)p);
        };
        for (r = 0; r < end; r += values) {
            vec p = probability(r);
            sum += p;
#ifdef OTTAVA_BF16_PAIRS
            if constexpr (values == 2) {
                vec second = probability(r + 1);
                sum += second;
                p = pair_up(narrow(p), narrow(second));
            }
#endif
            store_unaligned(buffers.probabilities + r / values * query_tile + column, p);
        }
        // Neighbouring vectors, multiplied together with this one, may see further.
        for (; r < mask.keys; r += values) store_unaligned(buffers.probabilities + r / values * query_tile + column, vec{});
        vec factor = exp2(old_maximum - base);
        store_unaligned(buffers.factor + column, factor);
        store_unaligned(buffers.sum + column, load_unaligned<vec>(buffers.sum + column) * factor + sum);
        store_unaligned(buffers.maximum + column, m);
    }
}

template <class E, class T>
static void attend_tile(const Problem<T>& p, const Buffers<E>& buffers, int64_t b, int64_t h, int64_t first_query) {
    constexpr int values = values_of<E>;
    int head_dim = static_cast<int>(p.head_dim), key_pitch = depth_pitch<E>(head_dim);
    int queries = static_cast<int>(smaller(p.queries_of_tile(), p.query_length - first_query));
    int vectors = vectors_of(queries);
    int64_t keys_seen = p.keys_seen(first_query + queries - 1);
    pack_transposed(buffers.queries, query_tile, p.q + p.query_offset(b, h, first_query), p.query_pitch, queries, head_dim);
    for (int i = 0; i < vectors * lanes; i++) {
        buffers.maximum[i] = -INFINITY;
        buffers.sum[i] = 0;
    }
    bool first_of_all = true;
    for (int64_t tile_key = 0; tile_key < keys_seen; tile_key += key_tile) {
        // Of a tile both blocks, one, or none are listed.
        bool lower = p.lists(b, h, first_query, tile_key);
        bool upper = tile_key + list_block < p.key_length && p.lists(b, h, first_query, tile_key + list_block);
        if (!lower && !upper) continue;
        int64_t first_key = lower ? tile_key : tile_key + list_block;
        int64_t keys = lower && upper ? key_tile : list_block;
        if (first_key >= keys_seen) continue;
        Mask mask(smaller(keys, p.key_length - first_key), p.first_position + first_query, first_key);
        int padded_keys = static_cast<int>(round_up(mask.keys, tile_rows));
        const int64_t offset = p.key_offset(b, h) + first_key * p.key_pitch();
        pack_rows(buffers.keys, key_pitch, p.k + offset, p.key_pitch(), mask.keys, padded_keys, head_dim);
        pack_row_pairs(buffers.values, head_dim, p.v + offset, p.key_pitch(), mask.keys, head_dim);
        multiply<Along::depth>(padded_keys, vectors, head_dim / values, buffers.keys, key_pitch, buffers.queries, query_tile,
                               buffers.scores, query_tile, from_zero, ScoresTrim(mask));
        softmax(buffers, vectors, mask, p.scale * log2_e);
        multiply<Along::rows>(head_dim, vectors, (mask.keys + values - 1) / values, buffers.values, head_dim, buffers.probabilities,
                              query_tile, buffers.out, query_tile, first_of_all ? from_zero : Start{false, buffers.factor},
                              QueryTrim<values>(mask));
        first_of_all = false;
    }
    if (first_of_all)
        for (int64_t i = 0; i < head_dim * query_tile; i++) buffers.out[i] = 0;
    for (int i = 0; i < queries; i++) {
        if (p.log_sum_exp != nullptr)
            p.log_sum_exp[(b * p.heads + h) * p.query_length + first_query + i] = (buffers.maximum[i] + log2f(buffers.sum[i])) / log2_e;
        buffers.factor[i] = buffers.sum[i] == 0 ? 0 : 1 / buffers.sum[i];
    }
    store_transposed(p.out + p.query_offset(b, h, first_query), p.query_pitch, buffers.out, query_tile, queries, head_dim, buffers.factor);
}

template <class E, class T>
static void attend_tiles(const Problem<T>& p) {
    Layout measure(nullptr);
    Buffers<E>(measure, p.head_dim);
    Workspace workspace("attention_forward", measure.used() * omp_get_max_threads());
    int64_t tiles = (p.query_length + p.queries_of_tile() - 1) / p.queries_of_tile(), heads = p.batch * p.heads;
#pragma omp parallel if (p.products() > worth_waking)
    {
        Layout layout(workspace.at(measure.used() * omp_get_thread_num()));
        Buffers<E> buffers(layout, p.head_dim);
#pragma omp for schedule(dynamic)
        for (int64_t task = 0; task < tiles * heads; task++) {
            // The last tiles see the most keys and go first.
            int64_t tile = tiles - 1 - task / heads, head = task % heads;
            attend_tile<E>(p, buffers, head / p.heads, head % p.heads, tile * p.queries_of_tile());
        }
    }
}

// The running softmax of one query.
struct Row {
    float *query, *out, maximum, sum;
};

// Adds a block of keys and values to a row: `seen` keys of at most key_block.
constexpr int key_block = list_block;

template <class T>
static void attend_block(Row& row, const T* k, const T* v, int64_t pitch, int seen, int64_t head_dim) {
    float weights[key_block];
    vec top = splat(row.maximum);
    for (int j = 0; j < seen; j += lanes) {
        vec scores = dot_products(row.query, k + j * pitch, pitch, seen - j, head_dim);
        scores = Lanes::indices() < seen - j ? scores : splat(-INFINITY);
        store_unaligned(weights + j, scores);
        top = maximum(top, scores);
    }
    float m = maximum(top);
    float factor = exp2(splat(row.maximum - m))[0];
    vec sum = vec{};
    for (int j = 0; j < seen; j += lanes) {
        vec p = exp2(load_unaligned<vec>(weights + j) - m);
        store_unaligned(weights + j, p);
        sum += p;
    }
    row.sum = row.sum * factor + total(sum);
    row.maximum = m;
    for (int64_t d = 0; d < head_dim; d += lanes) store_unaligned(row.out + d, load_unaligned<vec>(row.out + d) * factor);
    int j = 0;
    for (; j + 4 <= seen; j += 4)
        for (int64_t d = 0; d < head_dim; d += lanes) {
            vec sum = load_unaligned<vec>(row.out + d);
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) sum += weights[j + i] * widen(v + (j + i) * pitch + d);
            store_unaligned(row.out + d, sum);
        }
    for (; j < seen; j++)
        for (int64_t d = 0; d < head_dim; d += lanes)
            store_unaligned(row.out + d, load_unaligned<vec>(row.out + d) + weights[j] * widen(v + j * pitch + d));
}

// Few queries would leave most lanes of a tile empty: here the vectors lie along head_dim, and keys and values are read once for all heads
// of a group. A task is a key/value head.
template <class T>
static void attend_rows(const Problem<T>& p) {
    int64_t group = p.group(), count = group * p.query_length;
    Layout measure(nullptr);
    measure.take<Row>(count);
    measure.take<float>(2 * count * p.head_dim);
    Workspace workspace("attention_forward", measure.used() * omp_get_max_threads());
#pragma omp parallel for schedule(dynamic) if (p.products() > worth_waking)
    for (int64_t task = 0; task < p.batch * p.kv_heads; task++) {
        int64_t b = task / p.kv_heads, first_head = task % p.kv_heads * group;
        Layout layout(workspace.at(measure.used() * omp_get_thread_num()));
        Row* rows = layout.take<Row>(count);
        float* vectors = layout.take<float>(2 * count * p.head_dim);
        auto head_of = [&](int64_t row) { return first_head + row / p.query_length; };
        auto query_of = [&](int64_t row) { return row % p.query_length; };
        for (int64_t i = 0; i < count; i++) {
            rows[i] = Row{vectors + 2 * i * p.head_dim, vectors + (2 * i + 1) * p.head_dim, -INFINITY, 0};
            const T* q = p.q + p.query_offset(b, head_of(i), query_of(i));
            for (int64_t d = 0; d < p.head_dim; d++) {
                rows[i].query[d] = load(q[d]) * (p.scale * log2_e);
                rows[i].out[d] = 0;
            }
        }
        for (int64_t first = 0; first < p.key_length; first += key_block) {
            int64_t offset = p.key_offset(b, first_head) + first * p.key_pitch();
            for (int64_t i = 0; i < count; i++) {
                int64_t seen = smaller(key_block, p.keys_seen(query_of(i)) - first);
                if (seen > 0 && p.lists(b, head_of(i), query_of(i), first))
                    attend_block(rows[i], p.k + offset, p.v + offset, p.key_pitch(), static_cast<int>(seen), p.head_dim);
            }
        }
        for (int64_t i = 0; i < count; i++) {
            T* out = p.out + p.query_offset(b, head_of(i), query_of(i));
            for (int64_t d = 0; d < p.head_dim; d++) store(out[d], rows[i].sum == 0 ? 0 : rows[i].out[d] / rows[i].sum);
            if (p.log_sum_exp != nullptr)
                p.log_sum_exp[(b * p.heads + head_of(i)) * p.query_length + query_of(i)] = (rows[i].maximum + log2f(rows[i].sum)) / log2_e;
        }
    }
}

template <class E, class T>
static void attend(Problem<T> p) {
    if (p.query_length == 1) p.fold_group();
    if (p.query_length <= 4) {
        attend_rows(p);
    } else {
        attend_tiles<E>(p);
    }
}

}  // namespace

int attention_forward(int64_t, int dtype, int64_t out, int64_t log_sum_exp, int64_t q, int64_t k, int64_t v, int64_t blocks, int64_t batch,
                      int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length, int64_t key_length, int64_t key_batch_pitch,
                      double scale) {
    check_attention("attention_forward", dtype, heads, kv_heads, head_dim, query_length, key_length);
    if (batch == 0 || query_length == 0) return OTTAVA_OK;
    auto run = [&](auto element, auto value) {
        using T = decltype(value);
        attend<decltype(element)>(Problem<T>{pointer<T>(out), pointer<float>(log_sum_exp), pointer<T>(q), pointer<T>(k), pointer<T>(v),
                                             pointer<uint32_t>(blocks), batch, heads, kv_heads, head_dim, query_length, key_length,
                                             key_batch_pitch, static_cast<float>(scale)});
    };
    dtype == OTTAVA_BF16 ? run(bf16_element{}, bf16{}) : run(0.0f, 0.0f);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
