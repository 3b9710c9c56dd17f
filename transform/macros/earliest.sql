{# The earliest of several timestamps, whichever of them are null. #}
{% macro earliest(columns) -%}
    least(
        {%- for column in columns -%}
            coalesce({{ ([column] + columns) | unique | join(', ') }}){{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
