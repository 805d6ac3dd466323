// Attention backward: probabilities are computed again from log_sum_exp, tile by tile (FlashAttention-2, Dao 2023, algorithm 2).
//
// A task is one key/value head with all its queries in order, so that no two tasks add to the same gradient. Where that makes too few
// tasks, the gradient of the queries and that of keys and values are computed apart, by tile: seven products instead of five, in the same
// order, with the same bits. Workspace per thread: keys, values and their gradients in F32 for the whole length (by tile: for one tile),
// and those of a tile of 64 queries in twice that.
#include "attention.h"

OTTAVA_CPU_BEGIN

namespace {

constexpr int query_tile = 64;
constexpr int key_tile = 64;

template <class T>
struct Problem {
    T *d_q, *d_k, *d_v;
    const T *d_out, *q, *k, *v, *out;
    const float* log_sum_exp;
    int64_t batch, heads, kv_heads, head_dim, length;
    float scale;

    int64_t group() const { return heads / kv_heads; }
    int64_t products() const { return batch * heads * length * length * head_dim; }
    int64_t query_tiles() const { return (length + query_tile - 1) / query_tile; }
    int64_t key_tiles() const { return (length + key_tile - 1) / key_tile; }
    // How many tiles of keys the tile i of queries sees.
    int64_t key_tiles_of(int64_t i) const { return (smaller(length, (i + 1) * query_tile) + key_tile - 1) / key_tile; }
    int64_t query_pitch() const { return heads * head_dim; }
    int64_t key_pitch() const { return kv_heads * head_dim; }
    int64_t query_offset(int64_t b, int64_t h, int64_t i) const { return ((b * length + i) * heads + h) * head_dim; }
    int64_t key_offset(int64_t b, int64_t g, int64_t j) const { return ((b * length + j) * kv_heads + g) * head_dim; }
};

// A packed tile of keys and values, and the sums of their gradients. With floats `key_pairs` are the `keys`.
template <class E>
struct KeyTile {
    E *keys, *values, *key_pairs;
    float *d_keys, *d_values;
    int64_t first;
    int count, padded;

    KeyTile(Layout& layout, int64_t head_dim) {
        keys = layout.take<E>(depth_pitch<E>(head_dim) * key_tile);
        values = layout.take<E>(depth_pitch<E>(head_dim) * key_tile);
        key_pairs = values_of<E> == 1 ? keys : layout.take<E>(head_dim * key_tile / values_of<E>);
        d_keys = layout.take<float>(head_dim * key_tile);
        d_values = layout.take<float>(head_dim * key_tile);
    }

    template <class T>
    void load(const Problem<T>& p, int64_t b, int64_t g, int64_t tile) {
        first = tile * key_tile;
        count = static_cast<int>(smaller(key_tile, p.length - first));
        padded = static_cast<int>(round_up(count, tile_rows));
        const T* k = p.k + p.key_offset(b, g, first);
        pack_rows(keys, depth_pitch<E>(p.head_dim), k, p.key_pitch(), count, padded, p.head_dim);
        pack_rows(values, depth_pitch<E>(p.head_dim), p.v + p.key_offset(b, g, first), p.key_pitch(), count, padded, p.head_dim);
        if (values_of<E> == 2) pack_row_pairs(key_pairs, p.head_dim, k, p.key_pitch(), count, p.head_dim);
        memset(d_keys, 0, static_cast<size_t>(p.head_dim * key_tile) * sizeof(float));
        memset(d_values, 0, static_cast<size_t>(p.head_dim * key_tile) * sizeof(float));
    }

    template <class T>
    void store_gradients(const Problem<T>& p, int64_t b, int64_t g) const {
        for (int64_t r = 0; r < count; r++) {
            T* d_k = p.d_k + p.key_offset(b, g, first + r);
            T* d_v = p.d_v + p.key_offset(b, g, first + r);
            for (int64_t d = 0; d < p.head_dim; d++) store(d_k[d], d_keys[r * p.head_dim + d] * p.scale);
            for (int64_t d = 0; d < p.head_dim; d++) store(d_v[d], d_values[r * p.head_dim + d]);
        }
    }
};

// A packed tile of queries and of the gradient of their outputs; `offset` is the log2 of the softmax's denominator, `delta` d_out . out.
template <class E>
struct QueryTile {
    E *queries, *query_pairs, *d_out, *d_out_pairs;
    float *d_queries, *offset, *delta, *scales;
    int64_t first;
    int count, vectors;

    QueryTile(Layout& layout, int64_t head_dim) {
        queries = layout.take<E>(head_dim * query_tile);
        query_pairs = layout.take<E>(head_dim * query_tile);
        d_out = layout.take<E>(head_dim * query_tile);
        d_out_pairs = layout.take<E>(head_dim * query_tile);
        d_queries = layout.take<float>(head_dim * query_tile);
        offset = layout.take<float>(query_tile);
        delta = layout.take<float>(query_tile);
        scales = layout.take<float>(query_tile);
    }

    template <class T>
    void load(const Problem<T>& p, int64_t b, int64_t h, int64_t tile) {
        first = tile * query_tile;
        count = static_cast<int>(smaller(query_tile, p.length - first));
        vectors = vectors_of(count);
        const T* q = p.q + p.query_offset(b, h, first);
        const T* d = p.d_out + p.query_offset(b, h, first);
        const T* out = p.out + p.query_offset(b, h, first);
        const float* log_sum_exp = p.log_sum_exp + (b * p.heads + h) * p.length + first;
        pack_transposed(queries, query_tile, q, p.query_pitch(), count, p.head_dim);
        pack_transposed(d_out, query_tile, d, p.query_pitch(), count, p.head_dim);
        pack_row_pairs(query_pairs, p.head_dim, q, p.query_pitch(), count, p.head_dim);
        pack_row_pairs(d_out_pairs, p.head_dim, d, p.query_pitch(), count, p.head_dim);
        // Columns beyond the last query take part in products with zeros, as zeros.
        int64_t padded = vectors * lanes / values_of<E>, packed = (count + values_of<E> - 1) / values_of<E>;
        memset(query_pairs + packed * p.head_dim, 0, static_cast<size_t>((padded - packed) * p.head_dim) * sizeof(E));
        memset(d_out_pairs + packed * p.head_dim, 0, static_cast<size_t>((padded - packed) * p.head_dim) * sizeof(E));
        for (int64_t i = 0; i < vectors * lanes; i++) {
            float sum = 0;
            if (i < count) {
                vec sums = {};
                for (int64_t c = 0; c < p.head_dim; c += lanes)
                    sums += widen(d + i * p.query_pitch() + c) * widen(out + i * p.query_pitch() + c);
                sum = total(sums);
            }
            delta[i] = sum;
            offset[i] = i < count ? log_sum_exp[i] * log2_e : 0;
            scales[i] = p.scale;
        }
        memset(d_queries, 0, static_cast<size_t>(p.head_dim * query_tile) * sizeof(float));
    }

    template <class T>
    void store_gradients(const Problem<T>& p, int64_t b, int64_t h) const {
        store_transposed(p.d_q + p.query_offset(b, h, first), p.query_pitch(), d_queries, query_tile, count, static_cast<int>(p.head_dim),
                         scales);
    }
};

// P^T and dS^T, twice: as rows along the queries for the gradients of keys and values, and with the keys paired for that of the queries.
template <class E>
struct Scores {
    float *scores, *d_scores;
    E *probability_rows, *d_score_rows, *d_score_pairs;

    explicit Scores(Layout& layout) {
        constexpr int size = query_tile * key_tile;
        scores = layout.take<float>(size);
        d_scores = layout.take<float>(size);
        if constexpr (values_of<E> == 1) {
            probability_rows = scores;
            d_score_rows = d_score_pairs = d_scores;
        } else {
            probability_rows = layout.take<E>(size / 2);
            d_score_rows = layout.take<E>(size / 2);
            d_score_pairs = layout.take<E>(size / 2);
        }
    }

    void set(int row, int column, vec probability, vec d_score) const requires(values_of<E> == 1) {
        store_unaligned(probability_rows + row * query_tile + column, probability);
        store_unaligned(d_score_rows + row * query_tile + column, d_score);
    }

#ifdef OTTAVA_BF16_PAIRS
    void set(int row, int column, vec p0, vec d0, vec p1, vec d1) const {
        __m256i first = narrow(d0), second = narrow(d1);
        int at = (row * query_tile + column) / 2;
        store_unaligned(probability_rows + at, narrow(p0));
        store_unaligned(probability_rows + at + query_tile / 2, narrow(p1));
        store_unaligned(d_score_rows + at, first);
        store_unaligned(d_score_rows + at + query_tile / 2, second);
        store_unaligned(d_score_pairs + row / 2 * query_tile + column, pair_up(first, second));
    }
#endif
};

// From S and dP to P = exp(scale S - log_sum_exp) and dS = P (dP - delta).
template <class E>
static void softmax_gradient(const Scores<E>& scores, const QueryTile<E>& queries, const Mask& mask, float scale) {
    for (int vector = 0; vector < queries.vectors; vector++) {
        int column = vector * lanes, full = mask.full_rows(vector), end = mask.end_row(vector);
        int rows = static_cast<int>(round_up(mask.keys, tile_rows));
        ivec last = mask.last_rows(vector);
        vec offset = load_unaligned<vec>(queries.offset + column), delta = load_unaligned<vec>(queries.delta + column);
        auto probability = [&](int row) {
            if (row >= end) return vec{};
            vec p = exp2(load_unaligned<vec>(scores.scores + row * query_tile + column) * scale - offset);
            return row < full ? p : (vec)((row <= last) & (ivec)p);
        };
        auto d_score = [&](int row, vec p) {
            if (row >= end) return vec{};
            vec d = p * (load_unaligned<vec>(scores.d_scores + row * query_tile + column) - delta);
            return row < full ? d : (vec)((row <= last) & (ivec)d);
        };
        for (int row = 0; row < rows; row += values_of<E>) {
            vec p = probability(row), d = d_score(row, p);
            if constexpr (values_of<E> == 1) {
                scores.set(row, column, p, d);
            } else {
                vec second = probability(row + 1);
                scores.set(row, column, p, d, second, d_score(row + 1, second));
            }
        }
    }
}

enum Part { of_queries = 1, of_keys = 2 };

// Adds what a tile of queries and a tile of keys give each other.
template <int Parts, class E>
static void add_gradients(const Scores<E>& scores, const QueryTile<E>& queries, const KeyTile<E>& keys, int head_dim, float scale) {
    constexpr int values = values_of<E>;
    Mask mask(keys.count, queries.first, keys.first);
    int vectors = queries.vectors, pitch = depth_pitch<E>(head_dim);
    multiply<Along::depth>(keys.padded, vectors, head_dim / values, keys.keys, pitch, queries.queries, query_tile, scores.scores,
                           query_tile, from_zero, ScoresTrim(mask));
    multiply<Along::depth>(keys.padded, vectors, head_dim / values, keys.values, pitch, queries.d_out, query_tile, scores.d_scores,
                           query_tile, from_zero, ScoresTrim(mask));
    softmax_gradient(scores, queries, mask, scale * log2_e);
    if constexpr ((Parts & of_keys) != 0) {
        int depth = vectors * lanes / values, columns = head_dim / lanes;
        multiply<Along::depth>(keys.padded, columns, depth, scores.probability_rows, query_tile / values, queries.d_out_pairs, head_dim,
                               keys.d_values, head_dim, accumulating, KeyGradientTrim<values>(mask));
        multiply<Along::depth>(keys.padded, columns, depth, scores.d_score_rows, query_tile / values, queries.query_pairs, head_dim,
                               keys.d_keys, head_dim, accumulating, KeyGradientTrim<values>(mask));
    }
    if constexpr ((Parts & of_queries) != 0)
        multiply<Along::rows>(head_dim, vectors, keys.padded / values, keys.key_pairs, head_dim, scores.d_score_pairs, query_tile,
                              queries.d_queries, query_tile, accumulating, QueryTrim<values>(mask));
}

// The buffers of one thread.
template <class E>
struct Buffers {
    QueryTile<E> queries;
    Scores<E> scores;
    KeyTile<E>* keys;

    Buffers(Layout& layout, int64_t head_dim, int64_t key_tiles)
        : queries(layout, head_dim), scores(layout), keys(layout.take<KeyTile<E>>(key_tiles)) {
        for (int64_t i = 0; i < key_tiles; i++) {
            KeyTile<E> tile(layout, head_dim);
            if (!layout.measures()) keys[i] = tile;
        }
    }

    template <int Parts, class T>
    void add(const Problem<T>& p, const KeyTile<E>& tile) const {
        add_gradients<Parts>(scores, queries, tile, static_cast<int>(p.head_dim), p.scale);
    }
};

template <class E, class T>
static void differentiate_head(const Problem<T>& p, Buffers<E>& buffers, int64_t b, int64_t g) {
    for (int64_t t = 0; t < p.key_tiles(); t++) buffers.keys[t].load(p, b, g, t);
    for (int64_t h = g * p.group(); h < (g + 1) * p.group(); h++)
        for (int64_t i = 0; i < p.query_tiles(); i++) {
            buffers.queries.load(p, b, h, i);
            for (int64_t t = 0; t < p.key_tiles_of(i); t++) buffers.template add<of_queries | of_keys>(p, buffers.keys[t]);
            buffers.queries.store_gradients(p, b, h);
        }
    for (int64_t t = 0; t < p.key_tiles(); t++) buffers.keys[t].store_gradients(p, b, g);
}

template <class E, class T>
static void differentiate_queries(const Problem<T>& p, Buffers<E>& buffers, int64_t b, int64_t h, int64_t i) {
    buffers.queries.load(p, b, h, i);
    for (int64_t t = 0; t < p.key_tiles_of(i); t++) {
        buffers.keys->load(p, b, h / p.group(), t);
        buffers.template add<of_queries>(p, *buffers.keys);
    }
    buffers.queries.store_gradients(p, b, h);
}

template <class E, class T>
static void differentiate_keys(const Problem<T>& p, Buffers<E>& buffers, int64_t b, int64_t g, int64_t t) {
    buffers.keys->load(p, b, g, t);
    for (int64_t h = g * p.group(); h < (g + 1) * p.group(); h++)
        for (int64_t i = t * key_tile / query_tile; i < p.query_tiles(); i++) {
            buffers.queries.load(p, b, h, i);
            buffers.template add<of_keys>(p, *buffers.keys);
        }
    buffers.keys->store_gradients(p, b, g);
}

template <class E, class T>
static void differentiate(const Problem<T>& p) {
    int64_t threads = omp_get_max_threads(), heads = p.batch * p.kv_heads;
    bool by_tile = 5 * round_up(heads, threads) > 7 * heads;
    int64_t key_tiles = by_tile ? 1 : p.key_tiles();
    Layout measure(nullptr);
    Buffers<E>(measure, p.head_dim, key_tiles);
    Workspace workspace("attention_backward", measure.used() * threads);
#pragma omp parallel if (p.products() > worth_waking)
    {
        Layout layout(workspace.at(measure.used() * omp_get_thread_num()));
        Buffers<E> buffers(layout, p.head_dim, key_tiles);
        if (!by_tile) {
#pragma omp for schedule(dynamic)
            for (int64_t task = 0; task < heads; task++) differentiate_head(p, buffers, task / p.kv_heads, task % p.kv_heads);
        } else {
            // The first keys are seen by the most queries, and the last queries see the most keys: these go first.
            int64_t query_heads = p.batch * p.heads;
#pragma omp for schedule(dynamic) nowait
            for (int64_t task = 0; task < heads * p.key_tiles(); task++)
                differentiate_keys(p, buffers, task % heads / p.kv_heads, task % heads % p.kv_heads, task / heads);
#pragma omp for schedule(dynamic)
            for (int64_t task = 0; task < query_heads * p.query_tiles(); task++)
                differentiate_queries(p, buffers, task % query_heads / p.heads, task % query_heads % p.heads,
                                      p.query_tiles() - 1 - task / query_heads);
        }
    }
}

}  // namespace

int attention_backward(int64_t, int dtype, int64_t d_q, int64_t d_k, int64_t d_v, int64_t d_out, int64_t q, int64_t k, int64_t v,
                       int64_t out, int64_t log_sum_exp, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t length,
                       double scale) {
    check_attention("attention_backward", dtype, heads, kv_heads, head_dim, length, length);
    if (batch == 0 || length == 0) return OTTAVA_OK;
    auto run = [&](auto element, auto value) {
        using T = decltype(value);
        differentiate<decltype(element)>(Problem<T>{pointer<T>(d_q), pointer<T>(d_k), pointer<T>(d_v), pointer<T>(d_out), pointer<T>(q),
                                                    pointer<T>(k), pointer<T>(v), pointer<T>(out), pointer<float>(log_sum_exp), batch,
                                                    heads, kv_heads, head_dim, length, static_cast<float>(scale)});
    };
    dtype == OTTAVA_BF16 ? run(bf16_element{}, bf16{}) : run(0.0f, 0.0f);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
