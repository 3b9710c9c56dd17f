{#
    The rows of a stream as the target loaded them: typed, and the newest of each key.

    A table or a column that is missing, because the account has only one provider or a stream is not selected, is empty.
    `columns` maps names to `text`, `boolean`, `bigint`, `double precision`, `date`, `timestamp` (UTC) or `list` (JSON).
#}
{% macro staged(stream, key, columns) -%}
{%- set source_relation = source('cdn_certs', stream) -%}
{%- set relation = none -%}
{%- set loaded = {} -%}
{%- if execute -%}
    {%- set relation = adapter.get_relation(source_relation.database, source_relation.schema, source_relation.identifier) -%}
    {%- if relation -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {#- Some warehouses write names in upper case. Of a list, BigQuery's type is that of its items. -#}
            {%- set type = 'repeated' if column.mode == 'REPEATED' else column.dtype -%}
            {%- do loaded.update({column.name | lower: {'name': adapter.quote(column.name), 'type': type | lower}}) -%}
        {%- endfor -%}
        {%- if not key | select('in', loaded) | list -%}
            {{ exceptions.raise_compiler_error(
                relation ~ " has none of the columns that identify the rows of " ~ stream ~ ", " ~ key | join(', ')
                ~ ", but: " ~ loaded | join(', ') ~ ". Which loaders there are for a warehouse, and how they are set up, docs/warehouses.md says."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endif -%}

with typed as (
    select
    {%- for name, type in columns.items() %}
        {{ cdn_certs.typed(loaded[name].name, loaded[name].type, type) if name in loaded else cdn_certs.typed('null', none, type) }} as {{ cdn_certs.reserved(name) }}
        {{- ',' if not loop.last }}
    {%- endfor %}
    {% if relation %}from {{ relation }}{% else %}from (select 1 as one) as nothing where false{% endif %}
),

-- Targets that append keep every version of a row.
ranked as (
    select
        typed.*,
        row_number() over (partition by {{ key | join(', ') }} order by synced_at desc) as version
    from typed
)

select
    {%- for name in columns %}
    {{ cdn_certs.reserved(name) }}{{ ',' if not loop.last }}
    {%- endfor %}
from ranked
where version = 1
{%- endmacro %}

{# An expression, of a column of a target's table or of none, in the type that the models use. #}
{% macro typed(expression, loaded_type, type) -%}
    {%- if type == 'list' -%}
        {{ cdn_certs.json_list(expression, loaded_type) }}
    {%- elif type == 'timestamp' and loaded_type -%}
        {{ cdn_certs.utc(expression, loaded_type) }}
    {%- elif type == 'text' -%}
        {{ cdn_certs.text(expression) }}
    {%- elif type == 'double precision' -%}
        cast({{ expression }} as {{ cdn_certs.double_type() }})
    {%- else -%}
        cast({{ expression }} as {{ type }})
    {%- endif -%}
{%- endmacro %}

{% macro double_type() %}{{ return(adapter.dispatch('double_type', 'cdn_certs')()) }}{% endmacro %}
{% macro default__double_type() %}double precision{% endmacro %}
{% macro bigquery__double_type() %}float64{% endmacro %}
{% macro spark__double_type() %}double{% endmacro %}
